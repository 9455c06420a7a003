/// A client of a WebSocket for tests: every frame as the test wants it, also wrong ones.
///
/// `@unchecked Sendable`: used by one thread at a time.
public final class WebSocketCaller: @unchecked Sendable {
  /// A frame of the server.
  public struct Frame: Equatable, Sendable {
    /// The first byte: FIN, reserved bits, opcode.
    public var first: UInt8
    /// What it carries.
    public var payload: [UInt8]

    /// Makes a frame to compare with.
    public init(first: UInt8, payload: [UInt8]) {
      self.first = first
      self.payload = payload
    }

    /// The opcode.
    public var opcode: UInt8 { first & 0x0F }
    /// The payload as text.
    public var text: String { String(decoding: payload, as: UTF8.self) }
    /// The code of a close frame.
    public var closeCode: Int? {
      opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
    }
  }

  /// The connection.
  public let socket: StreamSocket
  /// The head of the server's answer to the handshake.
  public let head: String

  /// Connects and shakes hands.
  /// - Parameter headers: Further lines of the request's head, each with its line end.
  public init(port: UInt16, path: String, headers: String = "", patience: Int = 20, receiveBuffer: Int32? = nil) throws
  {
    socket = try StreamSocket(port: port, patience: patience, receiveBuffer: receiveBuffer)
    socket.send(
      """
      GET \(path) HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n
      """)
    head = try socket.receive(until: "\r\n\r\n")
    guard head.hasPrefix("HTTP/1.1 101 ") else { throw StreamSocket.Ended(description: head) }
  }

  /// Sends a masked frame.
  /// - Parameter first: FIN (0x80), reserved bits and opcode.
  public func send(_ first: UInt8, _ payload: [UInt8]) { socket.send(Self.frame(first, payload)) }

  /// Sends a text message.
  public func send(_ text: String) { send(0x81, Array(text.utf8)) }

  /// A masked frame's bytes.
  public static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let mask: [UInt8] = [0x12, 0xA7, 0x00, 0xFF]
    return header(first, payload.count, isMasked: true) + mask
      + payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }
  }

  /// The beginning of a frame up to its mask.
  public static func header(_ first: UInt8, _ count: Int, isMasked: Bool) -> [UInt8] {
    let mask: UInt8 = isMasked ? 0x80 : 0
    switch count {
    case ..<126: return [first, mask | UInt8(count)]
    case ..<65_536: return [first, mask | 126, UInt8(count >> 8), UInt8(count & 0xFF)]
    default:
      return [first, mask | 127] + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: count >> $0) }
    }
  }

  /// The next frame.
  public func receive() throws -> Frame {
    let start = try socket.receive(2)
    let short = Int(start[1] & 0x7F)
    let extended = short < 126 ? [] : try socket.receive(short == 126 ? 2 : 8)
    let count = extended.isEmpty ? short : extended.reduce(0) { $0 << 8 | Int($1) }
    return Frame(first: start[0], payload: try socket.receive(count))
  }

  /// The next frame that is no ping.
  public func receiveMessage() throws -> Frame {
    while true {
      let frame = try receive()
      if frame.opcode != 9 { return frame }
    }
  }

  /// Closes in an orderly way and waits for the server's end.
  public func close() {
    send(0x88, [0x03, 0xE8])
    while (try? receive()) != nil {}
  }
}
