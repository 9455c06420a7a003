import HTTP
import Lifecycle
import Testing

@Suite struct HTTPServerRefusalTests {
  struct Refused: CustomTestStringConvertible {
    var name: String
    var request: String
    var status: Int
    var testDescription: String { name }
  }

  @Test(arguments: [
    Refused(name: "no Host", request: "GET / HTTP/1.1\r\nX: y\r\n\r\n", status: 400),
    Refused(name: "two Hosts", request: "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", status: 400),
    Refused(
      name: "differing lengths",
      request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", status: 400),
    Refused(
      name: "repeated length",
      request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\nabc", status: 400),
    Refused(
      name: "malformed length", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3x\r\n\r\nabc", status: 400),
    Refused(
      name: "negative length", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc", status: 400),
    Refused(
      name: "list of lengths", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", status: 400),
    Refused(
      name: "request smuggled behind a malformed length",
      request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
      status: 400),
    Refused(
      name: "length and chunks",
      request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      status: 400),
    Refused(
      name: "unknown coding",
      request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", status: 501),
    Refused(
      name: "chunks in HTTP/1.0", request: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 400
    ),
    Refused(
      name: "space before the colon", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc",
      status: 400),
    Refused(
      name: "bad chunk", request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", status: 400),
    Refused(name: "no colon", request: "GET / HTTP/1.1\r\nHost: x\r\nwhat is this\r\n\r\n", status: 400),
    Refused(
      name: "announced body too large",
      request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", status: 413),
  ])
  func refusesAndCloses(_ refused: Refused) async throws {
    let handled = Lock(0)
    try await withServer(handler: { request in
      handled.withLock { $0 += 1 }
      return await echo(request)
    }) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send(refused.request)
      #expect(try client.receive().status == refused.status)
      #expect(client.remainder() != nil)
    }
    #expect(handled.withLock { $0 } == 0)
  }

  @Test func refusesAHeadThatIsTooLarge() async throws {
    try await withServer { server in
      for size in [17_000, 66_000, 300_000] {
        let client = try RawConnection(port: server.boundPort)
        client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "a", count: size))\r\n\r\n")
        #expect(try client.receive().status == 431)
      }
      let client = try RawConnection(port: server.boundPort)
      client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "a", count: 8000))\r\n\r\n")
      #expect(try client.receive().status == 200)
    }
  }

  @Test(arguments: [false, true])
  func answers413AfterSwallowingABodyTooLarge(chunked: Bool) async throws {
    try await withServer({
      $0.bodyLimit = 1000
      $0.discardLimit = 100_000
    }) { server in
      let client = try RawConnection(port: server.boundPort)
      let body = String(repeating: "b", count: 4096)
      let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.utf8.count)"
      client.send("POST /big HTTP/1.1\r\nHost: x\r\n\(framing)\r\n\r\n")
      client.send(chunked ? "1000\r\n\(body)\r\n0\r\n\r\n" : body)
      let answer = try client.receive()
      #expect(answer.status == 413)
      #expect(answer.body == #"{"code":41310000,"message":"the request's body is larger than 1000 bytes"}"#)
      client.send("POST /fits HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n\(body.prefix(1000))")
      #expect(try client.receive().status == 200)
      #expect(server.metrics.refused == 1)
    }
  }

  @Test func closesOnAnEndlessBody() async throws {
    try await withServer({
      $0.bodyLimit = 1000
      $0.discardLimit = 100_000
    }) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("POST /big HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<1000 { client.send("1000\r\n\(String(repeating: "b", count: 4096))\r\n") }
      #expect(throws: RawConnection.Closed.self) { try client.receive() }
    }
  }

  @Test func theOwnerWordsTheRefusals() async throws {
    try await withServer({ $0.refusal = { status, _ in HTTPResponse(status: status, body: Array("own".utf8)) } }) {
      server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET / HTTP/1.1\r\n\r\n")
      #expect(try client.receive().body == "own")
    }
  }

  @Test func refusesRequestsOverTheLimitInFlight() async throws {
    let gate = Gate()
    let handler: HTTPHandler = { request in
      await gate.pass()
      return await echo(request)
    }
    try await withServer({ $0.inFlightLimit = 2 }, handler: handler) { server in
      let clients = try (0..<2).map { _ in try RawConnection(port: server.boundPort) }
      for client in clients { client.send("GET /in HTTP/1.1\r\nHost: x\r\n\r\n") }
      try await eventually("both wait") { gate.waitingCount == 2 }
      let third = try RawConnection(port: server.boundPort)
      third.send("GET /out HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try third.receive().status == 503)
      gate.open()
      for client in clients { #expect(try client.receive().status == 200) }
      third.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try third.receive().status == 200)
    }
  }

  @Test func refusesBodiesOverTheMemoryForThem() async throws {
    try await withServer({ $0.bodyMemoryLimit = 100 }) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n\(String(repeating: "c", count: 101))")
      #expect(try client.receive().status == 503)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n\(String(repeating: "c", count: 99))")
      #expect(try client.receive().status == 200)
    }
  }

  /// Bytes that no client should send: any answer or a closed connection will do, the next client is served.
  @Test func survivesBytesThatMakeNoSense() async throws {
    try await withServer({
      $0.headDeadline = .milliseconds(100)
      $0.bodyDeadline = .milliseconds(100)
    }) { server in
      let seed = UInt64.random(in: .min ... .max)
      var random = SplitMix(state: seed)
      let template = Array(
        "POST /a%00b?x=\u{0}y HTTP/1.1\r\nHost: x\r\nX-\u{0}: \u{1}\r\nContent-Length: 3\r\n\r\nabc".utf8)
      for _ in 0..<300 {
        var bytes = template
        for _ in 0..<Int.random(in: 0...4, using: &random) {
          bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
        }
        let client = try RawConnection(port: server.boundPort)
        client.send(bytes)
        client.finishSending()
        _ = try? client.receive()
      }
      let client = try RawConnection(port: server.boundPort)
      client.send("GET /fine HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receive().body == "GET /fine ", "seed \(seed)")
    }
  }
}

/// Random numbers that a seed repeats.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
