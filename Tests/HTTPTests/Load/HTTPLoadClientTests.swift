import Glibc
import HTTP
import HTTPLoad
import Lifecycle
import Testing

@Suite struct HTTPLoadClientTests {
  @Test func sendsOverManyConnectionsAndReportsEachTokenOnce() async throws {
    try await withServer { server in
      let seen = Lock([UInt64: Int]())
      var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
      configuration.connections = 50
      let client = try HTTPLoadClient(configuration) { batch in
        seen.withLock { seen in
          for completion in batch where completion.status == 200 && completion.receivedAt >= completion.sentAt {
            seen[completion.token, default: 0] += 1
          }
        }
      }
      let requests = (0..<5000).map { HTTPLoadRequest(method: "POST", target: "/x", body: [1, 2], token: UInt64($0)) }
      #expect(client.send(requests) == 5000)
      try await eventually("all are answered") { seen.withLock { $0.count } == 5000 }
      #expect(seen.withLock { $0.values.allSatisfy { $0 == 1 } })
      #expect(server.metrics.accepted == 50)
      client.stop()
    }
  }

  @Test func keepsTheOrderOfRequestsOnOneConnection() async throws {
    let served = Lock([String]())
    let handler: HTTPHandler = { request in
      served.withLock { $0.append(request.rawPath) }
      return HTTPResponse(status: 204)
    }
    try await withServer(handler: handler) { server in
      for depth in [1, 8] {
        var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
        configuration.pipelineDepth = depth
        let done = Lock(0)
        let client = try HTTPLoadClient(configuration) { batch in done.withLock { $0 += batch.count } }
        client.send((0..<200).map { HTTPLoadRequest(method: "GET", target: "/\($0)", connection: 3) })
        try await eventually("all are answered") { done.withLock { $0 } == 200 }
        let order: [String] = served.withLock { served in
          defer { served = [] }
          return served
        }
        #expect(order == (0..<200).map { "/\($0)" })
      }
    }
  }

  @Test func reportsARefusedConnection() async throws {
    let unused = try HTTPServer(configuration: HTTPServerConfiguration(), handler: echo)
    let port = unused.boundPort
    await unused.drain(deadline: .zero)
    let client = try HTTPLoadClient(HTTPLoadClientConfiguration(port: port))
    await #expect(throws: HTTPLoadFailure.refused(errno: ECONNREFUSED)) {
      try await client.answer(to: HTTPLoadRequest(method: "GET", target: "/"))
    }
  }

  @Test func reportsADroppedConnectionAndOpensItAgain() async throws {
    let handler: HTTPHandler = { $0.rawPath == "/drop" ? .drop : HTTPResponse(status: 200, body: Array("ok".utf8)) }
    try await withServer(handler: handler) { server in
      var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
      configuration.connections = 1
      let client = try HTTPLoadClient(configuration)
      await #expect(throws: HTTPLoadFailure.closed) {
        try await client.answer(to: HTTPLoadRequest(method: "POST", target: "/drop"))
      }
      #expect(try await client.answer(to: HTTPLoadRequest(method: "GET", target: "/")).body == Array("ok".utf8))
    }
  }

  @Test func reportsAnAnswerThatDoesNotCome() async throws {
    let gate = Gate()
    try await withServer(handler: { _ in
      await gate.pass()
      return HTTPResponse(status: 200)
    }) { server in
      var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
      configuration.timeout = .milliseconds(50)
      let client = try HTTPLoadClient(configuration)
      await #expect(throws: HTTPLoadFailure.timedOut) {
        try await client.answer(to: HTTPLoadRequest(method: "GET", target: "/"))
      }
      gate.open()
    }
  }

  @Test func turnsAwayWhatTheQueueCannotHold() async throws {
    let gate = Gate()
    try await withServer(handler: { _ in
      await gate.pass()
      return HTTPResponse(status: 200)
    }) { server in
      var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
      configuration.queueLimit = 3
      let client = try HTTPLoadClient(configuration)
      #expect(client.send((0..<5).map { HTTPLoadRequest(method: "GET", target: "/", token: $0) }) == 3)
      gate.open()
    }
  }

  @Test func readsHeadersWhenTold() async throws {
    let handler: HTTPHandler = { _ in HTTPResponse(status: 200, headers: [("X-Request-ID", "abc")]) }
    try await withServer(handler: handler) { server in
      var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
      configuration.keepsHeaders = true
      let client = try HTTPLoadClient(configuration)
      let reply = try await client.answer(to: HTTPLoadRequest(method: "GET", target: "/"))
      #expect(reply.header("x-request-id") == "abc")
    }
  }
}
