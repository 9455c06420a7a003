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
    case .handedOver:
      return .NO
    case .waiting, .replied:
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
    let length = head.guarding.contentLength
    exchange.record.enter(.body(since: now))
    exchange.request.method = String(cString: method)
    exchange.isHead = exchange.request.method == "HEAD"
    exchange.request.headers = head.headers
    if length > configuration.bodyLimit {
      let refusal = bodyTooLarge
      guard length - configuration.bodyLimit <= configuration.discardLimit else {
        return refuse(exchange, with: refusal)
      }
      exchange.stage = .discarding(refusal, bytes: 0)
    } else {
      exchange.request.body.reserveCapacity(min(length, limits.bodyMemory - bodyBytes))
      exchange.stage = .body
    }
    return .YES
  }

  private var bodyTooLarge: HTTPResponse {
    configuration.refusal(413, "the request's body is larger than \(configuration.bodyLimit) bytes")
  }

  private func takeBody(_ data: UnsafeRawBufferPointer, of exchange: Exchange) {
    let refusal: HTTPResponse
    if exchange.bodyBytes + data.count > configuration.bodyLimit {
      refusal = bodyTooLarge
    } else if bodyBytes + data.count > limits.bodyMemory {
      refusal = configuration.refusal(503, "the server holds too many request bodies; try again later")
    } else {
      exchange.request.body.append(contentsOf: data)
      exchange.bodyBytes += data.count
      bodyBytes += data.count
      return
    }
    exchange.stage = .discarding(refusal, bytes: exchange.bodyBytes + data.count)
    exchange.request.body = []
    bodyBytes -= exchange.bodyBytes
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
