import HTTP
import HTTPLoad
import Lifecycle
import Testing

@Suite struct HTTPServerLimitTests {
  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: x\r\nX: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "",
  ])
  func cutsAClientThatDrips(beginning: String) async throws {
    try await withServer({
      $0.headDeadline = .milliseconds(200)
      $0.bodyDeadline = .milliseconds(200)
    }) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send(beginning)
      for _ in 0..<5000 where server.metrics.cutConnections == 0 {
        client.send("a")
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(server.metrics.cutConnections == 1)
      #expect(client.remainder() != nil)
    }
  }

  @Test func cutsASecondRequestThatDrips() async throws {
    try await withServer({ $0.headDeadline = .milliseconds(200) }) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nG")
      #expect(try client.receive().status == 200)
      for _ in 0..<5000 where server.metrics.cutConnections == 0 {
        client.send("E")
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(server.metrics.cutConnections == 1)
    }
  }

  @Test func cutsAClientThatDoesNotReadItsAnswer() async throws {
    let handler: HTTPHandler = { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 0x61, count: 50_000_000)) }
    try await withServer({ $0.answerDeadline = .milliseconds(200) }, handler: handler) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      try await eventually("the connection is cut") { server.metrics.cutConnections == 1 }
    }
  }

  @Test func leavesIdleAndWaitingConnectionsAlone() async throws {
    let gate = Gate()
    let handler: HTTPHandler = { request in
      if request.rawPath == "/wait" { await gate.pass() }
      return await echo(request)
    }
    try await withServer(
      {
        $0.headDeadline = .milliseconds(40)
        $0.bodyDeadline = .milliseconds(40)
        $0.answerDeadline = .milliseconds(40)
      }, handler: handler
    ) { server in
      let idle = try RawConnection(port: server.boundPort)
      idle.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try idle.receive().status == 200)
      let fresh = try RawConnection(port: server.boundPort)
      let waiting = try RawConnection(port: server.boundPort)
      waiting.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
      try await Task.sleep(for: .milliseconds(400))
      gate.open()
      #expect(try waiting.receive().status == 200)
      for client in [idle, fresh] {
        client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.receive().status == 200)
      }
      #expect(server.metrics.cutConnections == 0)
    }
  }

  @Test func closesAnIdleConnectionInTheEnd() async throws {
    try await withServer({ $0.idleTimeout = .seconds(1) }) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receive().status == 200)
      #expect(client.isClosedByServer())
    }
  }

  @Test func letsFurtherConnectionsWaitAtTheLimit() async throws {
    try await withServer({ $0.connectionLimit = 2 }) { server in
      var clients = try (0..<2).map { _ in try RawConnection(port: server.boundPort) }
      for client in clients {
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.receive().status == 200)
      }
      let third = try RawConnection(port: server.boundPort)
      third.send("GET /third HTTP/1.1\r\nHost: x\r\n\r\n")
      clients[1].send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try clients[1].receive().status == 200)
      #expect(server.metrics.accepted == 2)
      clients.removeLast()
      #expect(try third.receive().body == "GET /third ")
    }
  }

  @Test func limitsTheConnectionsOfOneAddress() async throws {
    try await withServer({ $0.connectionLimitPerAddress = 2 }) { server in
      let clients = try (0..<2).map { _ in try RawConnection(port: server.boundPort) }
      for client in clients {
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.receive().status == 200)
      }
      #expect(try RawConnection(port: server.boundPort).isClosedByServer())
    }
  }

  /// Whoever may not send a body sends none; small ones are not asked about.
  @Test func bodiesAreJudgedByTheirHeads() async throws {
    let asked = Lock<[Int?]>([])
    try await withServer({
      $0.bodyGate = { head, length in
        asked.withLock { $0.append(length) }
        await Task.yield()
        guard head.header("Key") == "right" else { return .refuse(HTTPResponse(status: 401, body: Array("who?".utf8))) }
        return .take(limit: 20_000)
      }
    }) { server in
      func request(_ framing: String, key: String = "right") -> String {
        "POST /b HTTP/1.1\r\nHost: x\r\nKey: \(key)\r\n\(framing)\r\n\r\n"
      }
      let stranger = try RawConnection(port: server.boundPort)
      stranger.send(request("Content-Length: 1000000", key: "wrong"))
      let refusal = try stranger.receive()
      #expect(refusal.status == 401 && refusal.body == "who?" && stranger.remainder() != nil)
      let chunked = try RawConnection(port: server.boundPort)
      chunked.send(request("Transfer-Encoding: chunked", key: "wrong"))
      #expect(try chunked.receive().status == 401)

      let client = try RawConnection(port: server.boundPort)
      let body = String(repeating: "b", count: 10_000)
      client.send(request("Content-Length: 10000") + body)
      #expect(try client.receive().body == "POST /b " + body)
      client.send(request("Transfer-Encoding: chunked") + "2710\r\n\(body)\r\n0\r\n\r\n")
      #expect(try client.receive().body == "POST /b " + body)
      client.send(request("Content-Length: 3", key: "wrong") + "abc")
      #expect(try client.receive().body == "POST /b abc")
      client.send(request("Content-Length: 30000") + String(repeating: "c", count: 30_000))
      #expect(try client.receive().status == 413)
      #expect(asked.withLock { $0 } == [1_000_000, nil, 10_000, nil, 30_000])
      #expect(server.metrics.inFlight == 0)
    }
  }

  /// A client who hangs up while the gate looks leaves nothing behind.
  @Test func whoHangsUpBeforeTheGateIsForgotten() async throws {
    let gate = Gate()
    try await withServer({
      $0.bodyGate = { _, _ in
        await gate.pass()
        return .take(limit: 100_000)
      }
    }) { server in
      do {
        let client = try RawConnection(port: server.boundPort)
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n")
        try await eventually("the gate is asked") { gate.waitingCount == 1 }
      }
      gate.open()
      try await eventually("it is gone") { server.metrics.openConnections == 0 && server.metrics.inFlight == 0 }
    }
  }

  /// Who sent a request is what a trusted proxy says, and nobody else's word counts.
  @Test(arguments: [true, false]) func proxiesAreBelieved(isTrusted: Bool) async throws {
    let peers = Lock<[String]>([])
    try await withServer(
      {
        $0.connectionLimitPerAddress = 1
        if isTrusted { $0.trustedProxies = TrustedAddresses(["127.0.0.1", "::1"])! }
      },
      handler: { request in
        peers.withLock { $0.append(request.peer) }
        return await echo(request)
      }
    ) { server in
      let client = try RawConnection(port: server.boundPort)
      for word in ["192.0.2.7", "10.0.0.1, 2001:db8::7", "no address"] {
        client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \(word)\r\n\r\n")
        #expect(try client.receive().status == 200)
      }
      let second = try RawConnection(port: server.boundPort)
      second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect((try? second.receive().status) == (isTrusted ? 200 : nil))
    }
    let expected =
      isTrusted ? ["192.0.2.7", "2001:db8::7", "127.0.0.1", "127.0.0.1"] : [String](repeating: "127.0.0.1", count: 3)
    #expect(peers.withLock { $0 } == expected)
  }

  /// libmicrohttpd's own polling thread hangs at multiples of 128 ready connections.
  @Test(arguments: [127, 128, 129, 256, 2000])
  func servesManyConnectionsAtOnce(connections: Int) async throws {
    let gate = Gate()
    try await withServer(handler: { request in
      await gate.pass()
      return await echo(request)
    }) { server in
      var configuration = HTTPLoadClientConfiguration(port: server.boundPort)
      configuration.connections = connections
      let answered = Lock(0)
      let client = try HTTPLoadClient(configuration) { batch in
        let count = batch.count { $0.status == 200 }
        answered.withLock { $0 += count }
      }
      let round = (0..<connections).map {
        HTTPLoadRequest(method: "POST", target: "/\($0)", body: [0x61], connection: $0)
      }
      client.send(round)
      try await eventually("all wait") { gate.waitingCount == connections }
      #expect(server.metrics.inFlight == connections)
      gate.open()
      try await eventually("all are answered") { answered.withLock { $0 } == connections }
      for number in 2...6 {
        client.send(round)
        try await eventually("all are answered again") { answered.withLock { $0 } == number * connections }
      }
      #expect(server.metrics.openConnections == connections)
    }
  }

  @Test func aClientThatVanishesLeavesNothingBehind() async throws {
    final class Witness: Sendable {
      static let alive = Lock(0)
      init() { Self.alive.withLock { $0 += 1 } }
      deinit { Self.alive.withLock { $0 -= 1 } }
    }
    let gate = Gate()
    try await withServer(
      { $0.headDeadline = .seconds(0.1) },
      handler: { request in
        let witness = Witness()
        await gate.pass()
        return withExtendedLifetime(witness) { HTTPResponse(status: 200, body: request.body) }
      }
    ) { server in
      for round in 1...20 {
        for kind in 0..<50 {
          let client = try RawConnection(port: server.boundPort)
          client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\(kind % 2 == 0 ? "abc" : "ab")")
        }
        try await eventually("the whole requests wait") { gate.waitingCount == 25 }
        gate.release()
        try await eventually("all connections are gone") { server.metrics.openConnections == 0 }
        #expect(server.metrics.inFlight == 0, "round \(round)")
      }
      #expect(Witness.alive.withLock { $0 } == 0)
      let client = try RawConnection(port: server.boundPort)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
      try await eventually("the next request waits") { gate.waitingCount == 1 }
      gate.open()
      #expect(try client.receive().body == "abc")
    }
  }
}
