import HTTP
import Lifecycle
import TestKit
import Testing

@Suite struct WebSocketTests {
  @Test func shakesHandsAsTheStandardsExampleDoes() async throws {
    try await withStreams(RecordingHandler()) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      #expect(client.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
      #expect(!client.head.lowercased().contains("extensions"))
    }
  }

  @Test(arguments: [
    ("", 426),
    ("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426),
    ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n", 426),
    ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", 400),
    ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", 400),
  ])
  func refusesWhatIsNoHandshake(headers: String, status: Int) async throws {
    try await withStreams(RecordingHandler()) { server in
      let client = try RawConnection(port: server.boundPort)
      client.send("GET /ws HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
      #expect(try client.receive().status == status)
      client.send("GET /on HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receive().body == "GET /on ")
    }
  }

  @Test func carriesMessagesOfAnySizeBothWays() async throws {
    let handler = RecordingHandler(sendBack)
    try await withStreams(
      handler,
      {
        $0.streams.client.messageBytes = 1 << 20
        $0.streams.client.bytesPerSecond = 1 << 20
      }
    ) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      for size in [0, 1, 125, 126, 127, 65_535, 65_536, 300_000] {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        client.send(0x82, payload)
        #expect(try client.receive() == .init(first: 0x82, payload: payload))
      }
      client.send("grüß")
      #expect(try client.receive() == .init(first: 0x81, payload: Array("grüß".utf8)))
    }
  }

  /// Any frames: what can be read is delivered, all else ends the connection and harms nobody else's.
  @Test func anyFramesAreReadOrRefused() async throws {
    var (random, seed) = SeededRandom.fuzzing("frames of WebSockets")
    let handler = RecordingHandler(sendBack)
    let plain =
      WebSocketCaller.frame(0x81, Array("hello".utf8)) + WebSocketCaller.frame(0x01, Array("one ".utf8))
      + WebSocketCaller.frame(0x89, [1, 2]) + WebSocketCaller.frame(0x80, Array("two".utf8))
      + WebSocketCaller.frame(0x82, [UInt8](repeating: 7, count: 200)) + WebSocketCaller.frame(0x88, [0x03, 0xE8])
    try await withStreams(handler) { server in
      for _ in 0..<300 {
        let bytes =
          random.oneIn(8)
          ? (0..<random.number(1...60)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
          : random.spoil(plain, odd: [0, 0x7E, 0x7F, 0x80, 0x81, 0x88, 0x8F, 0xF1, 0xFE, 0xFF])
        let client = try RawConnection(port: server.boundPort)
        client.send(
          "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        #expect(try client.receive().status == 101, "seed \(seed)")
        client.send(bytes)
        client.finishSending()
        #expect(client.remainder() != nil, "seed \(seed): \(bytes)")
      }
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      client.send("still here")
      #expect(try client.receive() == .init(first: 0x81, payload: Array("still here".utf8)), "seed \(seed)")
      #expect(handler.messages.contains { $0.isText && $0.bytes == Array("hello".utf8) }, "seed \(seed)")
    }
  }

  /// A random conversation, cut into random fragments with control frames between them, sent in random pieces, arrives
  /// message by message as it was meant.
  @Test(arguments: 0..<20 as Range<UInt64>) func putsFragmentsTogetherHoweverTheyAreCut(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let handler = RecordingHandler(sendBack)
    try await withStreams(handler) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      var wire: [UInt8] = []
      var expected: [WebSocketCaller.Frame] = []
      for _ in 0..<30 {
        let isText = Bool.random(using: &random)
        let payload = (0..<Int.random(in: 0...300, using: &random)).map { _ in
          UInt8.random(in: 0x20...0x7E, using: &random)
        }
        var rest = payload[...]
        var opcode: UInt8 = isText ? 1 : 2
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          let piece = rest.prefix(Int.random(in: 0...rest.count, using: &random))
          rest = rest.dropFirst(piece.count)
          wire += WebSocketCaller.frame(opcode, Array(piece))
          opcode = 0
          guard Bool.random(using: &random) else { continue }
          wire += WebSocketCaller.frame(0x89, [UInt8(expected.count)])
          expected.append(.init(first: 0x8A, payload: [UInt8(expected.count)]))
        }
        wire += WebSocketCaller.frame(0x80 | opcode, Array(rest))
        expected.append(.init(first: isText ? 0x81 : 0x82, payload: payload))
      }
      var rest = wire[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...200, using: &random))
        client.socket.send(Array(piece))
        rest = rest.dropFirst(piece.count)
      }
      let seen = try expected.map { _ in try client.receive() }
      // A pong may pass or be passed by an answer whose message came in the same bytes: each kind keeps its order.
      #expect(seen.filter { $0.opcode == 10 } == expected.filter { $0.opcode == 10 }, "seed \(seed)")
      #expect(seen.filter { $0.opcode != 10 } == expected.filter { $0.opcode != 10 }, "seed \(seed)")
    }
  }

  @Test func takesAFragmentedMessageThatAnEmptyContinuationEnds() async throws {
    let handler = RecordingHandler(sendBack)
    try await withStreams(handler) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      client.send(0x01, Array("{\"a\":1}".utf8))
      client.send(0x80, [])
      #expect(try client.receive() == .init(first: 0x81, payload: Array("{\"a\":1}".utf8)))
    }
  }

  /// What breaks the protocol, and the code that it is closed with.
  static let violations: [(String, [UInt8], Int)] = [
    ("no mask", WebSocketCaller.header(0x81, 2, isMasked: false) + [0x61, 0x62], 1002),
    ("a reserved bit", WebSocketCaller.frame(0xC1, [0x61]), 1002),
    ("an opcode that is not there", WebSocketCaller.frame(0x83, [0x61]), 1002),
    ("a continuation of nothing", WebSocketCaller.frame(0x80, [0x61]), 1002),
    ("a message within a message", WebSocketCaller.frame(0x01, [0x61]) + WebSocketCaller.frame(0x81, [0x61]), 1002),
    ("a fragmented ping", WebSocketCaller.frame(0x09, []), 1002),
    ("a long ping", WebSocketCaller.frame(0x89, [UInt8](repeating: 1, count: 126)), 1002),
    ("a close code of one byte", WebSocketCaller.frame(0x88, [3]), 1002),
    ("text that is no UTF-8", WebSocketCaller.frame(0x81, [0xC3, 0x28]), 1007),
    ("text cut within a character", WebSocketCaller.frame(0x81, [0xE2, 0x82]), 1007),
    ("a message too large", WebSocketCaller.header(0x82, 5_000, isMasked: true) + [1, 2, 3, 4, 5], 1009),
    (
      "fragments too large together",
      WebSocketCaller.frame(0x02, [UInt8](repeating: 0, count: 3_000))
        + WebSocketCaller.frame(0x80, [UInt8](repeating: 0, count: 3_000)), 1009
    ),
    ("a length that no memory has", [0x82, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [1, 2, 3, 4, 5], 1009),
  ]

  @Test(arguments: violations.indices) func closesWhoBreaksTheProtocol(index: Int) async throws {
    let (what, bytes, code) = Self.violations[index]
    let handler = RecordingHandler()
    try await withStreams(handler, { $0.streams.client.messageBytes = 4_096 }) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      client.socket.send(bytes)
      #expect(try client.receive().closeCode == code, "\(what)")
      #expect(client.socket.isEnded(), "\(what)")
      try await eventually("the stream is gone") { handler.ends.count == 1 }
      #expect(handler.ends == [.badMessage])
      #expect(handler.messages.isEmpty)
    }
  }

  /// What a client may make a server hold, and how fast it may talk, before and after it has proved who it is.
  static let floods: [(String, [UInt8], isGuest: Bool)] = [
    (
      "fragments of a byte",
      [UInt8](repeating: 0, count: 65_000).reduce(into: WebSocketCaller.frame(0x01, [0x61])) { wire, _ in
        wire += WebSocketCaller.frame(0x00, [0x61])
      }, false
    ),
    (
      "empty fragments",
      (0..<200).reduce(into: WebSocketCaller.frame(0x01, [])) { wire, _ in
        wire += WebSocketCaller.frame(0x00, [])
      }, false
    ),
    (
      "a guest's fragments",
      (0..<20).reduce(into: WebSocketCaller.frame(0x01, [])) { wire, _ in
        wire += WebSocketCaller.frame(0x00, [0x61])
      }, true
    ),
    ("pings", (0..<5_000).flatMap { _ in WebSocketCaller.frame(0x89, [1]) }, false),
    ("a guest's pings", (0..<100).flatMap { _ in WebSocketCaller.frame(0x89, [1]) }, true),
    ("messages", (0..<5_000).flatMap { _ in WebSocketCaller.frame(0x81, [0x61]) }, false),
    ("bytes", (0..<60).flatMap { _ in WebSocketCaller.frame(0x82, [UInt8](repeating: 0, count: 60_000)) }, false),
    (
      "a guest's bytes", (0..<20).flatMap { _ in WebSocketCaller.frame(0x82, [UInt8](repeating: 0, count: 3_000)) },
      true
    ),
  ]

  @Test(arguments: floods.indices) func closesWhoSendsTooMuch(index: Int) async throws {
    let (what, bytes, isGuest) = Self.floods[index]
    let handler = RecordingHandler()
    try await withServer(handler: { .webSocket($0, handler: handler, isGuest: isGuest) }) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      client.socket.send(bytes)
      try await eventually("the stream is gone") { handler.ends.count == 1 }
      #expect(handler.ends == [.noisy], "\(what)")
      #expect(server.metrics.streams.noisy == 1)
    }
  }

  @Test func anAddressHasAShareOfGuests() async throws {
    let handler = RecordingHandler { _, stream in stream.admit() }
    try await withServer(
      { $0.streams.guestsPerAddress = 2 }, handler: { .webSocket($0, handler: handler, isGuest: true) }
    ) { server in
      let first = try WebSocketCaller(port: server.boundPort, path: "/ws")
      let second = try WebSocketCaller(port: server.boundPort, path: "/ws")
      #expect(throws: StreamSocket.Ended.self) { try WebSocketCaller(port: server.boundPort, path: "/ws") }
      first.send("it is me")
      try await eventually("it is admitted") { handler.messages.count == 1 }
      let third = try WebSocketCaller(port: server.boundPort, path: "/ws")
      #expect(throws: StreamSocket.Ended.self) { try WebSocketCaller(port: server.boundPort, path: "/ws") }
      second.close()
      try await eventually("one has left") { handler.ends.count == 1 }
      _ = try WebSocketCaller(port: server.boundPort, path: "/ws")
      withExtendedLifetime((first, third)) {}
    }
  }

  @Test func aGuestMaySayLittleUntilHeIsAdmitted() async throws {
    let handler = RecordingHandler { message, stream in
      if message.bytes == Array("it is me".utf8) { stream.admit() }
      stream.send(.text(message.bytes))
    }
    try await withServer(handler: { .webSocket($0, handler: handler, isGuest: true) }) { server in
      let large = [UInt8](repeating: 0x61, count: 10_000)
      let stranger = try WebSocketCaller(port: server.boundPort, path: "/ws")
      stranger.send(0x81, large)
      #expect(try stranger.receive().closeCode == 1009)
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      client.send("it is me")
      #expect(try client.receive().text == "it is me")
      client.send(0x81, large)
      #expect(try client.receive() == .init(first: 0x81, payload: large))
    }
  }

  @Test func answersACloseWithItsCodeAndEnds() async throws {
    let handler = RecordingHandler()
    try await withStreams(handler) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      client.send(0x88, [0x03, 0xE9])
      #expect(try client.receive().closeCode == 1001)
      #expect(client.socket.isEnded())
      try await eventually("the stream is gone") { handler.ends == [.byClient] }
      #expect(server.metrics.streams.open == 0)
    }
  }

  @Test func closesAfterWhatWasSentBefore() async throws {
    let handler = RecordingHandler { _, stream in
      stream.send(.text(Array("last".utf8)))
      stream.close(.policyViolation, reason: "enough")
      #expect(!stream.send(.text(Array("too late".utf8))))
    }
    try await withStreams(handler) { server in
      let client = try WebSocketCaller(port: server.boundPort, path: "/ws")
      client.send("go")
      #expect(try client.receive().text == "last")
      let end = try client.receive()
      #expect(end.closeCode == 1008 && end.payload.dropFirst(2).elementsEqual("enough".utf8))
      client.send(0x88, [0x03, 0xF0])
      #expect(client.socket.isEnded())
      try await eventually("the stream is gone") { handler.ends == [.byServer] }
    }
  }

  @Test func aClientThatHangsUpIsNoticed() async throws {
    let handler = RecordingHandler()
    try await withStreams(handler) { server in
      do { _ = try WebSocketCaller(port: server.boundPort, path: "/ws") }
      try await eventually("the stream is gone") { handler.ends == [.byClient] }
      // The handler hears of it before the connection is counted off.
      try await eventually("its connection too") { server.metrics.openConnections == 0 }
    }
  }

  @Test func pingsAndCutsWhoDoesNotAnswer() async throws {
    let handler = RecordingHandler()
    try await withStreams(
      handler,
      {
        $0.streams.pingInterval = .milliseconds(100)
        $0.streams.idleLimit = .milliseconds(1_500)
      }
    ) { server in
      let mute = try WebSocketCaller(port: server.boundPort, path: "/ws")
      let lively = try WebSocketCaller(port: server.boundPort, path: "/ws")
      #expect(try mute.receive() == .init(first: 0x89, payload: []))
      while handler.ends.isEmpty {
        let frame = try lively.receive()
        #expect(frame.opcode == 9)
        lively.send(0x8A, frame.payload)
      }
      #expect(handler.ends == [.silent])
      #expect(server.metrics.streams.silent == 1 && server.metrics.streams.open == 1)
      lively.send("alive")
      try await eventually("the lively one goes on") { handler.messages.count == 1 }
    }
  }
}
