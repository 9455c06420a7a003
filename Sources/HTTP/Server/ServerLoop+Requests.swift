internal import CMicroHTTPD

extension ServerLoop {
  /// libmicrohttpd's visit: first with the head alone, then with each piece of the body, then with nothing more to
  /// come, and again after each resume. `taken` holds the size of the piece and gets what is left of it.
  func advance(
    _ exchange: Exchange, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>,
    data: UnsafeRawBufferPointer, taken: UnsafeMutablePointer<Int>
  ) -> MHD_Result {
    taken.pointee = 0
    switch exchange.stage {
    case .head:
      return takeHead(of: exchange, method: method, version: version)
    case .body where !data.isEmpty:
      takeBody(data, of: exchange)
      return .YES
    case .body:
      return takeWhole(exchange)
    case .discarding(let refusal, let bytes):
      guard !data.isEmpty else { return refuse(exchange, with: refusal) }
      guard bytes + data.count <= configuration.discardLimit else { return .NO }
      exchange.stage = .discarding(refusal, bytes: bytes + data.count)
      return .YES
    case .answered(let response):
      return reply(to: exchange, with: response)
    case .admitted:
      return beginBody(of: exchange)
    case .handedOver:
      return .NO
    case .judging, .waiting, .replied:
      return .YES
    }
  }

  private func takeHead(
    of exchange: Exchange, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
  ) -> MHD_Result {
    let isHTTP10 = version[5] == 0x31 && version[7] == 0x30
    let head = RequestHead(
      of: exchange.connection, HeadLayout(method: method, target: exchange.target, version: version))
    let headSize = buttonwood_mhd_head_size(exchange.connection)
    do throws(RequestGuard.Refusal) {
      guard exchange.hasPlainTarget, head.layout.isWhole(headSize: headSize) else {
        throw RequestGuard.Refusal(status: 400, message: "the head is not made of plain lines")
      }
      try head.guarding.judge(
        isHTTP10: isHTTP10, headSize: headSize, headLimit: configuration.headLimit)
    } catch {
      return refuse(exchange, with: configuration.refusal(error.status, error.message))
    }
    exchange.record.enter(.body(since: now))
    exchange.request.method = String(cString: method)
    exchange.isHead = exchange.request.method == "HEAD"
    exchange.request.headers = head.headers
    exchange.length = head.guarding.isChunked ? nil : head.guarding.contentLength
    exchange.bodyLimit = configuration.bodyLimit
    believeProxy(about: exchange)
    if let gate = configuration.bodyGate, exchange.length.map({ $0 > configuration.freeBodyBytes }) ?? true {
      return ask(gate, about: exchange)
    }
    return beginBody(of: exchange)
  }

  /// Who speaks for others is believed about whom he speaks for.
  private func believeProxy(about exchange: Exchange) {
    guard configuration.trustedProxies.contains(exchange.record.key),
      let field = exchange.request.headers.last(where: { isSameHeaderName($0.name, "X-Forwarded-For") }),
      let last = field.value.split(separator: ",").last.map({ $0.drop { $0 == " " }.prefix { $0 != " " } }),
      AddressKey(String(last)) != nil
    else { return }
    exchange.client = String(last)
    exchange.request.peer = exchange.client
  }

  /// The connection waits aside until the gate has judged the head: nothing of the body is read.
  private func ask(_ gate: @escaping HTTPBodyGate, about exchange: Exchange) -> MHD_Result {
    guard handlersAtWork < limits.inFlight else {
      return refuse(exchange, with: configuration.refusal(503, "the server has too many requests in flight"))
    }
    exchange.stage = .judging
    exchange.record.enter(.waiting)
    exchange.record.waiting = exchange
    handlersAtWork += 1
    counters.inFlight.set(handlersAtWork)
    MHD_suspend_connection(exchange.connection)
    let (head, length) = (exchange.request, exchange.length)
    _ = Task(executorPreference: executor) {
      self.judged(exchange, await gate(head, length))
    }
    return .YES
  }

  private func judged(_ exchange: Exchange, _ verdict: HTTPBodyVerdict) {
    handlersAtWork -= 1
    counters.inFlight.set(handlersAtWork)
    guard exchange.isOpen, case .judging = exchange.stage else { return }
    exchange.record.waiting = nil
    switch verdict {
    case .take(let limit):
      exchange.bodyLimit = min(exchange.bodyLimit, limit)
      exchange.stage = .admitted
    case .refuse(let response):
      counters.refused.add(1)
      exchange.stage = .answered(response)
    }
    finish(exchange)
  }

  private func beginBody(of exchange: Exchange) -> MHD_Result {
    exchange.record.enter(.body(since: now))
    let length = exchange.length ?? 0
    if length > exchange.bodyLimit {
      let refusal = bodyTooLarge(exchange)
      guard length - exchange.bodyLimit <= configuration.discardLimit else {
        return refuse(exchange, with: refusal)
      }
      exchange.stage = .discarding(refusal, bytes: 0)
    } else {
      exchange.request.body.reserveCapacity(min(length, limits.bodyMemory - bodyBytes))
      exchange.stage = .body
    }
    return .YES
  }

  private func bodyTooLarge(_ exchange: Exchange) -> HTTPResponse {
    configuration.refusal(413, "the request's body is larger than \(exchange.bodyLimit) bytes")
  }

  private func takeBody(_ data: UnsafeRawBufferPointer, of exchange: Exchange) {
    let refusal: HTTPResponse
    if exchange.bodyBytes + data.count > exchange.bodyLimit {
      refusal = bodyTooLarge(exchange)
    } else if bodyBytes + data.count > limits.bodyMemory || !hasShare(exchange, of: data.count) {
      refusal = configuration.refusal(503, "the server holds too many request bodies; try again later")
    } else {
      exchange.request.body.append(contentsOf: data)
      hold(data.count, of: exchange)
      return
    }
    exchange.stage = .discarding(refusal, bytes: exchange.bodyBytes + data.count)
    exchange.request.body = []
    release(exchange)
  }

  /// No client address takes more than a quarter of what there is for bodies, unless they are small.
  private func hasShare(_ exchange: Exchange, of count: Int) -> Bool {
    exchange.bodyBytes + count <= configuration.freeBodyBytes
      || bodyBytesOfClients[exchange.client, default: 0] + count <= max(limits.bodyMemory / 4, configuration.bodyLimit)
      || configuration.bodyGate == nil
  }

  private func hold(_ count: Int, of exchange: Exchange) {
    exchange.bodyBytes += count
    bodyBytes += count
    bodyBytesOfClients[exchange.client, default: 0] += count
  }

  /// The exchange holds none of its body any more.
  func release(_ exchange: Exchange) {
    guard exchange.bodyBytes > 0 else { return }
    bodyBytes -= exchange.bodyBytes
    let rest = (bodyBytesOfClients[exchange.client] ?? 0) - exchange.bodyBytes
    bodyBytesOfClients[exchange.client] = rest > 0 ? rest : nil
    exchange.bodyBytes = 0
  }

  /// The request is complete: its handler starts in the next round, the connection waits aside.
  private func takeWhole(_ exchange: Exchange) -> MHD_Result {
    guard handlersAtWork < limits.inFlight || configuration.probes.contains(exchange.request.rawPath) else {
      return refuse(exchange, with: configuration.refusal(503, "the server has too many requests in flight"))
    }
    exchange.stage = .waiting
    exchange.record.enter(.waiting)
    exchange.record.waiting = exchange
    handlersAtWork += 1
    counters.inFlight.set(handlersAtWork)
    MHD_suspend_connection(exchange.connection)
    _ = Task(executorPreference: executor) {
      let response = await self.handler(exchange.takeRequest())
      self.handlerReturned(exchange, response)
    }
    return .YES
  }

  private func handlerReturned(_ exchange: Exchange, _ response: HTTPResponse) {
    handlersAtWork -= 1
    counters.inFlight.set(handlersAtWork)
    guard exchange.isOpen, case .waiting = exchange.stage else { return }
    exchange.record.waiting = nil
    exchange.stage = response.opensStream && !exchange.isHead ? handOver(exchange, response) : .answered(response)
    finish(exchange)
  }

  private func refuse(_ exchange: Exchange, with refusal: HTTPResponse) -> MHD_Result {
    counters.refused.add(1)
    return reply(to: exchange, with: refusal)
  }

  private func reply(to exchange: Exchange, with response: HTTPResponse) -> MHD_Result {
    exchange.stage = .replied
    exchange.record.enter(.answering(since: now))
    counters.countAnswer(status: response.status)
    return Reply.queue(response, on: exchange.connection, closing: drain != nil)
  }
}
