/// A piece of a stream as it goes over the wire, whole: made once, sent to any number of clients.
public struct HTTPStreamChunk: Hashable, Sendable {
  let bytes: [UInt8]

  /// A text message of a WebSocket; the bytes must be UTF-8.
  public static func text(_ payload: [UInt8]) -> HTTPStreamChunk { .init(frame: 0x81, payload) }

  /// A binary message of a WebSocket.
  public static func binary(_ payload: [UInt8]) -> HTTPStreamChunk { .init(frame: 0x82, payload) }

  /// A server-sent event: one line of data, and the name by which a client resumes behind it.
  public static func event(_ data: [UInt8], id: String) -> HTTPStreamChunk {
    precondition(!data.contains(0x0A) && !data.contains(0x0D), "an event's data is one line")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + id.utf8.count + 16)
    bytes += "id: ".utf8
    bytes += id.utf8
    bytes += "\ndata: ".utf8
    bytes += data
    bytes += "\n\n".utf8
    return .init(bytes: bytes)
  }

  /// A line that clients of server-sent events skip.
  public static func comment(_ text: StaticString) -> HTTPStreamChunk {
    .init(bytes: Array(": \(text)\n\n".utf8))
  }

  /// An empty ping of a WebSocket.
  static let ping = HTTPStreamChunk(frame: 0x89, [])

  /// A close frame with the code 1002.
  static let protocolError = HTTPStreamChunk(frame: 0x88, [0x03, 0xEA])

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// An unmasked, unfragmented frame (RFC 6455, section 5.2).
  private init(frame firstByte: UInt8, _ payload: [UInt8]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + 10)
    bytes.append(firstByte)
    switch payload.count {
    case ..<126: bytes.append(UInt8(payload.count))
    case ..<65_536:
      bytes.append(126)
      bytes.append(UInt8(truncatingIfNeeded: payload.count >> 8))
      bytes.append(UInt8(truncatingIfNeeded: payload.count))
    default:
      bytes.append(127)
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
      }
    }
    bytes += payload
    self.bytes = bytes
  }
}
