import HTTP
import HTTPLoad
import Lifecycle
import Testing

@Suite struct HTTPServerTests {
  @Test func keepsConnectionsAlive() async throws {
    try await withServer { server in
      let client = try RawConnection(port: server.boundPort)
      for round in 0..<3 {
        client.send("POST /r\(round) HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
        let answer = try client.receive()
        #expect(answer.status == 200)
        #expect(answer.body == "POST /r\(round) body")
      }
      #expect(server.metrics.accepted == 1)
      #expect(server.metrics.answered[2] == 3)
    }
  }

  @Test func answersPipelinedRequestsInOrder() async throws {
    let handler: HTTPHandler = { request in
      let number = Int(request.rawPath.dropFirst())!
      try? await Task.sleep(for: .microseconds((7 - number % 8) * 500))
      return await echo(request)
    }
    try await withServer(handler: handler) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send(
        (0..<40).map { "POST /\($0) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" }.joined())
      for number in 0..<40 { #expect(try client.receive().body == "POST /\(number) abc") }
    }
  }

  @Test func acceptsAnyCutOfTheSameBytes() async throws {
    try await withServer { server in
      let request =
        "POST /cut?a=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      for size in [1, 2, 5, 11, 50, 500] {
        let client = try RawConnection(port: server.boundPort)
        var rest = Array(request.utf8)[...]
        while !rest.isEmpty {
          client.send(Array(rest.prefix(size)))
          rest = rest.dropFirst(size)
          try await Task.sleep(for: .microseconds(200))
        }
        #expect(try client.receive().body == "POST /cut abcde")
      }
    }
  }

  @Test func servesHTTP10AndHead() async throws {
    try await withServer { server in
      let old = try RawConnection(port: server.boundPort)
      old.send("GET /old HTTP/1.0\r\n\r\n")
      #expect(try old.receive().body == "GET /old ")
      #expect(old.isClosedByServer())

      let client = try RawConnection(port: server.boundPort)
      client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receive(isHead: true).header("Content-Length") == "8")
      #expect(try client.receive().body == "GET /next ")
    }
  }

  @Test func asksForTheBodyThatWaitsForA100() async throws {
    try await withServer { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
      #expect(try client.receive().status == 100)
      client.send("ok")
      #expect(try client.receive().body == "POST /e ok")
    }
  }

  @Test func answersAClientThatSendsNoMore() async throws {
    try await withServer { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET /half HTTP/1.1\r\nHost: x\r\n\r\n")
      client.finishSending()
      #expect(try client.receive().body == "GET /half ")
    }
  }

  @Test func givesTheHandlerTheWholeRequest() async throws {
    let requests = Lock([HTTPRequest]())
    let handler: HTTPHandler = { request in
      requests.withLock { $0.append(request) }
      return HTTPResponse(status: 204)
    }
    try await withServer(handler: handler) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send(
        "PATCH /v2/orders%3Aby_client_order_id?client_order_id=my+id%2Fwith+%C3%BC&flag&n=%zz&=e HTTP/1.1\r\n"
          + "Host: x\r\nAPCA-API-KEY-ID:  key \r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 3\r\n\r\n\u{0}{}")
      let answer = try client.receive()
      #expect(answer.status == 204 && answer.header("Content-Length") == nil)
      let request = try #require(requests.withLock { $0.first })
      #expect(request.method == "PATCH")
      #expect(request.rawPath == "/v2/orders%3Aby_client_order_id")
      #expect(request.query.map(\.name) == ["client_order_id", "flag", "n", ""])
      #expect(request.query.map(\.value) == ["my id/with ü", "", "%zz", "e"])
      #expect(request.header("apca-api-key-id") == "key")
      #expect(request.header("x-two") == "a")
      #expect(request.header("absent") == nil)
      #expect(request.headers.map(\.name) == ["Host", "APCA-API-KEY-ID", "X-Two", "X-Two", "Content-Length"])
      #expect(request.body == [0, 0x7B, 0x7D])
      #expect(request.peer == "127.0.0.1")
    }
  }

  @Test func sendsTheHandlersHeadersAndLeavesOutWhatWouldSplitTheAnswer() async throws {
    let handler: HTTPHandler = { _ in
      HTTPResponse(status: 429, headers: [("Retry-After", "1"), ("X-Bad", "a\r\nX-Evil: 1")], body: Array("{}".utf8))
    }
    try await withServer(handler: handler) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try client.receive()
      #expect(answer.status == 429 && answer.body == "{}")
      #expect(answer.header("Retry-After") == "1")
      #expect(answer.header("X-Evil") == nil && answer.header("X-Bad") == nil)
      #expect(answer.header("Date") != nil)
    }
  }

  @Test func dropClosesWithoutAnAnswer() async throws {
    try await withServer(handler: { _ in .drop }) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
      #expect(client.isClosedByServer())
      #expect(server.metrics.answered == [1, 0, 0, 0, 0, 0])
    }
  }

  @Test func aHandlerResumesOnTheLoopWhateverItAwaits() async throws {
    actor Elsewhere {
      private let executor = ThreadExecutor(name: "elsewhere")
      nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
      func thread() -> String { threadName() }
    }
    let elsewhere = Elsewhere()
    let handler: HTTPHandler = { _ in
      let before = threadName()
      let away = await elsewhere.thread()
      try? await Task.sleep(for: .milliseconds(1))
      return HTTPResponse(status: 200, body: Array("\(before) \(away) \(threadName())".utf8))
    }
    try await withServer(handler: handler) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let loop = "http-\(server.boundPort)-0"
      #expect(try client.receive().body == "\(loop) elsewhere \(loop)")
    }
  }

  @Test func severalLoopsShareOnePort() async throws {
    try await withServer({ $0.loops = 3 }) { server in
      for _ in 0..<30 {
        let client = try RawConnection(port: server.boundPort)
        client.send("GET /l HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.receive().body == "GET /l ")
      }
      #expect(server.metrics.accepted == 30)
    }
  }

  @Test func listensOnIPv6() async throws {
    try await withServer({ $0.address = "::1" }) { server in
      var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
      configuration.address = "::1"
      let client = try HTTPLoadClient(configuration)
      #expect(try await client.answer(to: HTTPLoadRequest(method: "GET", target: "/six")).status == 200)
    }
  }

  @Test func saysWhyItCannotListen() async throws {
    try await withServer { server in
      var configuration = HTTPServerConfiguration()
      configuration.port = server.boundPort
      let error = #expect(throws: HTTPServerError.self) {
        try HTTPServer(configuration: configuration, handler: echo)
      }
      #expect("\(error!)".hasPrefix("cannot listen on 127.0.0.1 port \(server.boundPort): Address already in use"))
    }
    var configuration = HTTPServerConfiguration()
    configuration.address = "localhost"
    #expect(throws: HTTPServerError.badAddress("localhost")) {
      try HTTPServer(configuration: configuration, handler: echo)
    }
  }
}
