package import Accounting

/// One client's side of a stream of events: bytes in, what they mean out. A pure value; bytes may come in any pieces.
package struct StreamDialogue: Sendable {
  /// What the client learns or has to do.
  package enum Step: Sendable, Equatable {
    /// Send these bytes.
    case send([UInt8])
    /// Events follow from here on.
    case opened
    /// An event.
    case event(EventID)
    /// The server does not open the stream, or closes it: why. Nothing follows.
    case ended(String)
  }

  /// Bytes of a head, a frame or a server-sent event at most.
  static let pieceLimit = 256 * 1024
  /// Where an event's name begins at the latest in a message.
  private static let nameReach = 256
  private static let nameMark = Array(#""event_id":""#.utf8)
  private static let nameLength = 26

  private enum Phase {
    case head
    case authorizing
    case beginning
    case open
    case over
  }

  private let kind: StreamKind
  private let key: TradingKey
  private let host: String
  private var phase = Phase.head
  /// What has come of a piece that is not whole.
  private var rest: [UInt8] = []

  /// A dialogue with the gateway that `host` names in the header of that name.
  package init(_ kind: StreamKind, key: TradingKey, host: String) {
    self.kind = kind
    self.key = key
    self.host = host
  }

  /// What the client sends first.
  package var greeting: [UInt8] {
    switch kind {
    case .websocket:
      Array(
        """
        GET /stream HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YnV0dG9ud29vZC1sYWJzIQ==\r\n\r\n
        """.utf8)
    case .sse:
      Array("GET /v2/events/trades HTTP/1.1\r\nHost: \(host)\r\nAccept: text/event-stream\r\n".utf8) + key.headerLines
        + Array("\r\n".utf8)
    }
  }

  /// Takes bytes of the server.
  package mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (Step) -> Void) {
    guard !rest.isEmpty else { return keep(bytes, from: read(bytes, body), body) }
    rest += bytes
    let whole = rest
    rest = []
    whole.withUnsafeBytes { keep($0, from: read($0, body), body) }
  }

  /// The connection has ended.
  package mutating func end(_ reason: String, _ body: (Step) -> Void) {
    guard phase != .over else { return }
    phase = .over
    body(.ended(reason))
  }

  private mutating func keep(_ bytes: UnsafeRawBufferPointer, from start: Int, _ body: (Step) -> Void) {
    rest = Array(bytes[start...])
    if rest.count > Self.pieceLimit { end("a message of more than \(Self.pieceLimit) bytes", body) }
  }

  /// Reads all whole pieces; returns where the rest begins.
  private mutating func read(_ bytes: UnsafeRawBufferPointer, _ body: (Step) -> Void) -> Int {
    var start = 0
    while phase != .over {
      let left = UnsafeRawBufferPointer(rebasing: bytes[start...])
      let count = phase == .head ? readHead(left, body) : kind == .sse ? readEvent(left, body) : readFrame(left, body)
      guard let count else { return start }
      start += count
    }
    return bytes.count
  }

  // MARK: Pieces; each returns its length, nil when it is not whole

  private mutating func readHead(_ bytes: UnsafeRawBufferPointer, _ body: (Step) -> Void) -> Int? {
    guard let end = bytes.end(of: [0x0D, 0x0A, 0x0D, 0x0A]) else { return nil }
    let words = String(decoding: bytes.prefix(64), as: UTF8.self).split(separator: " ")
    let status = words.count > 1 ? String(words[1]) : "no status"
    guard status == (kind == .websocket ? "101" : "200") else {
      self.end("answered \(status)", body)
      return end
    }
    if kind == .sse {
      phase = .beginning
    } else {
      phase = .authorizing
      body(.send(Self.text(#"{"action":"auth","key":"\#(key.key)","secret":"\#(key.secret)"}"#)))
    }
    return end
  }

  private mutating func readEvent(_ bytes: UnsafeRawBufferPointer, _ body: (Step) -> Void) -> Int? {
    guard let end = bytes.end(of: [0x0A, 0x0A]) else { return nil }
    let block = UnsafeRawBufferPointer(rebasing: bytes[..<end])
    if block.starts(with: ": caught up".utf8) {
      open(body)
    } else if block.starts(with: "id: ".utf8), end > 4 + Self.nameLength {
      report(block[4..<(4 + Self.nameLength)], body)
    } else if !block.starts(with: ":".utf8) {
      self.end("an event without an id", body)
    }
    return end
  }

  private mutating func readFrame(_ bytes: UnsafeRawBufferPointer, _ body: (Step) -> Void) -> Int? {
    guard let head = ClientFrame.head(of: bytes) else { return nil }
    guard head.payload <= Self.pieceLimit else {
      end("a message of more than \(Self.pieceLimit) bytes", body)
      return bytes.count
    }
    guard bytes.count >= head.length + head.payload else { return nil }
    let payload = UnsafeRawBufferPointer(rebasing: bytes[head.length..<(head.length + head.payload)])
    switch head.opcode {
    case 1, 2: readMessage(payload, body)
    case 8: end(Self.reason(payload), body)
    case 9: body(.send(ClientFrame.masked(opcode: 10, payload.prefix(125))))
    default: break
    }
    return head.length + head.payload
  }

  private mutating func readMessage(_ payload: UnsafeRawBufferPointer, _ body: (Step) -> Void) {
    switch phase {
    case .authorizing:
      guard String(decoding: payload, as: UTF8.self).contains(#""authorized""#) else {
        return end("not authorized", body)
      }
      phase = .beginning
      body(.send(Self.text(#"{"action":"listen","data":{"streams":["trade_updates"]}}"#)))
    case .beginning: open(body)
    case .open:
      let reach = UnsafeRawBufferPointer(rebasing: payload.prefix(Self.nameReach))
      guard let start = reach.end(of: Self.nameMark), payload.count >= start + Self.nameLength else {
        return end("an event without an id", body)
      }
      report(payload[start..<(start + Self.nameLength)], body)
    case .head, .over: break
    }
  }

  private mutating func open(_ body: (Step) -> Void) {
    guard phase == .beginning else { return }
    phase = .open
    body(.opened)
  }

  private mutating func report(_ name: Slice<UnsafeRawBufferPointer>, _ body: (Step) -> Void) {
    guard let id = EventID(String(decoding: name, as: UTF8.self)) else { return end("an event without an id", body) }
    body(.event(id))
  }

  private static func text(_ message: String) -> [UInt8] { ClientFrame.masked(opcode: 1, Array(message.utf8)) }

  private static func reason(_ payload: UnsafeRawBufferPointer) -> String {
    guard payload.count >= 2 else { return "closed without a code" }
    let code = Int(payload[0]) << 8 | Int(payload[1])
    return "closed with \(code) \(String(decoding: payload.dropFirst(2), as: UTF8.self))"
  }
}

extension UnsafeRawBufferPointer {
  /// The place behind the first occurrence of `mark`.
  fileprivate func end(of mark: [UInt8]) -> Int? {
    guard count >= mark.count else { return nil }
    for start in 0...(count - mark.count) where self[start] == mark[0] {
      if self[start..<(start + mark.count)].elementsEqual(mark) { return start + mark.count }
    }
    return nil
  }
}
