import HTTP
import Lifecycle
import TestKit
import Testing

/// Heads that two readers could read in two ways are refused before anything of their bodies is read, by the server itself.
@Suite struct HeadTests {
  static let get = "GET / HTTP/1.1\r\nHost: x\r\n"
  static let evil = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n"

  /// A name, the head, its refusal.
  static let corners: [(String, String, Int)] = [
    ("folded line", "\(get)X: a\r\n b\r\n\r\n", 400), ("folded by a tab", "\(get)X: a\r\n\tb\r\n\r\n", 400),
    ("folded first line", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    ("length hidden in a fold", "POST / HTTP/1.1\r\nHost: x\r\nX: a\r\n Content-Length: 40\r\n\r\n\(evil)", 400),
    ("NUL in a value", "\(get)X: a\u{0}b\r\n\r\n", 400), ("NUL in a name", "\(get)X\u{0}Y: a\r\n\r\n", 400),
    ("NUL in the target", "GET /a\u{0}b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("NUL behind the length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\u{0}9\r\n\r\n\(evil)", 400),
    ("empty name", "\(get): a\r\n\r\n", 400), ("blank name", "\(get) : a\r\n\r\n", 400),
    ("blank in a name", "\(get)X Y: a\r\n\r\n", 400), ("lone CR in a value", "\(get)X: a\rY: b\r\n\r\n", 400),
    ("lone CR ends a line", "GET / HTTP/1.1\rHost: x\r\n\r\n", 400),
    ("lone LF ends a line", "GET / HTTP/1.1\r\nHost: x\n\r\n", 400),
    ("lone LFs", "GET / HTTP/1.1\nHost: x\n\n", 400), ("control character", "\(get)X: a\u{1}b\r\n\r\n", 400),
    ("chunked with a tab", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n", 501),
    ("chunked with a blank", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked \r\n\r\n0\r\n\r\n", 501),
    ("no length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n", 400),
    ("length of 19 digits", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775807\r\n\r\n", 400),
    ("length of 20 digits", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\n", 400),
    (
      "length of 30 digits", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 000000000000000000000000000001\r\n\r\na",
      400
    ),
    ("length with a tab", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\t\r\n\r\na", 400),
    ("hexadecimal length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\na", 400),
    ("no version", "GET /\r\nHost: x\r\n\r\n", 400), ("no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("two blanks", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("words behind", "GET / HTTP/1.1 x\r\nHost: x\r\n\r\n", 400),
    ("strange method", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("no method", " / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("other version", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505), ("other words", "hello world\r\n\r\n", 400),
    ("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\n\n", 400), ("no colon", "\(get)what is this\r\n\r\n", 400),
    ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
  ]

  @Test(arguments: corners.indices)
  func cornersOfTheFirstHeadAreRefusedInJSON(index: Int) async throws {
    let (name, head, status) = Self.corners[index]
    // The head whole, and byte by byte.
    for isDripped in [false, true] {
      let handled = Lock<[String]>([])
      try await withServer(handler: { request in
        handled.withLock { $0.append(request.rawPath) }
        return await echo(request)
      }) { server in
        let client = try RawConnection(port: server.boundPort)
        if isDripped { for byte in head.utf8 { client.send([byte]) } } else { client.send(head) }
        let answer = try client.receive()
        #expect(answer.status == status || status == 501 && answer.status == 400, "\(name)")
        #expect(answer.body.hasPrefix(#"{"code":\#(answer.status)10000,"message":""#), "\(name): \(answer.body)")
        #expect(answer.header("Connection") == "close" && client.remainder() != nil, "\(name)")
        #expect(server.metrics.refused == 1, "\(name)")
      }
      #expect(handled.withLock { $0 } == [], "\(name)")
    }
  }

  /// On a connection that has been used already, nothing is taken in another sense either.
  @Test(arguments: corners.indices)
  func cornersOfLaterHeadsReachNobody(index: Int) async throws {
    let (name, head, _) = Self.corners[index]
    for isPipelined in [false, true] {
      let handled = Lock<[String]>([])
      try await withServer(
        { $0.headDeadline = .milliseconds(300) },
        handler: { request in
          handled.withLock { $0.append(request.rawPath) }
          return await echo(request)
        }
      ) { server in
        let client = try RawConnection(port: server.boundPort)
        client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + (isPipelined ? head : ""))
        #expect(try client.receive().body == "GET /first ")
        if !isPipelined { client.send(head) }
        if let answer = try? client.receive() {
          #expect((400...505).contains(answer.status), "\(name)")
          // Whoever refuses it, the server or the library below it.
          #expect(answer.body.hasPrefix(#"{"code":\#(answer.status)10000,"message":""#), "\(name): \(answer.body)")
          #expect(answer.header("Content-Type") == "application/json", "\(name)")
        }
        #expect(client.remainder() != nil, "\(name)")
      }
      #expect(handled.withLock { $0 } == ["/first"], "\(name), pipelined: \(isPipelined)")
    }
  }

  /// What is right stays right, however it arrives.
  @Test func plainHeadsAreTaken() async throws {
    try await withServer { server in
      for head in [
        "GET /a HTTP/1.1\r\nHost:x\r\n\r\n", "GET /a HTTP/1.1\r\nHost: \t x \t \r\nX:\r\nY: \r\nZ: a b\tc\r\n\r\n",
        "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n",
        "GET /a?b=%00&c HTTP/1.1\r\nhost: x\r\nX: é\r\n\r\n",
      ] {
        for isDripped in [false, true] {
          let client = try RawConnection(port: server.boundPort)
          if isDripped { for byte in head.utf8 { client.send([byte]) } } else { client.send(head) }
          #expect(try client.receive().body == "GET /a ", "\(head)")
          guard !head.contains("1.0") else { continue }
          client.send(head + head)
          for _ in 0..<2 { #expect(try client.receive().body == "GET /a ", "\(head)") }
        }
      }
      #expect(server.metrics.refused == 0)
    }
  }

  /// Health checks are answered when every place is taken by those who say nothing or wait.
  @Test func probesFindTheDoorOpen() async throws {
    let gate = Gate()
    try await withServer(
      {
        $0.connectionLimit = 4
        $0.inFlightLimit = 2
        $0.probes = ["/readyz"]
      },
      handler: { request in
        if request.rawPath == "/wait" { await gate.pass() }
        return await echo(request)
      }
    ) { server in
      let waiting = try (0..<4).map { _ in try RawConnection(port: server.boundPort) }
      for client in waiting { client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") }
      try await eventually("the places are taken") { gate.waitingCount == 2 }
      let silent = try (0..<100).map { _ in try RawConnection(port: server.boundPort) }
      let probe = try RawConnection(port: server.boundPort)
      probe.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try probe.receive().body == "GET /readyz ")
      gate.open()
      withExtendedLifetime(silent) {}
    }
  }

  private static let request = Array("POST /a?b=c HTTP/1.1\r\nHost: x\r\nX: y\r\nContent-Length: 3\r\n\r\nabc".utf8)
  private static let chunked = Array(
    "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n".utf8)

  /// Any bytes: an answer in JSON or a closed connection, and the next client is served. What comes on a connection that
  /// has been used already meets the library first.
  @Test(arguments: [false, true]) func anyHeadIsAnsweredOrClosed(isLater: Bool) async throws {
    var (random, seed) = SeededRandom.fuzzing("heads of requests, \(isLater ? "later ones" : "the first")")
    try await withServer({ $0.headDeadline = .milliseconds(60) }) { server in
      for _ in 0..<400 {
        let bytes = random.spoil(random.oneIn(3) ? Self.chunked : Self.request, odd: [0, 9, 10, 13, 32, 58])
        let client = try RawConnection(port: server.boundPort)
        if isLater {
          client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
          #expect(try client.receive().status == 200)
        }
        client.send(bytes)
        client.finishSending()
        if let answer = try? client.receive(), answer.status >= 400 {
          #expect(answer.body.hasPrefix("{\"code\":"), "seed \(seed): \(bytes) \(answer.body)")
        }
      }
      let client = try RawConnection(port: server.boundPort)
      client.send("GET /fine HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receive().body == "GET /fine ", "seed \(seed)")
    }
  }
}
