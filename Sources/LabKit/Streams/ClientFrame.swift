/// Frames of a WebSocket as its client writes and reads them (RFC 6455, section 5.2).
enum ClientFrame {
  /// The mask of every frame: masks protect proxies from pages of strangers, and a lab's client is neither.
  private static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

  /// A frame's beginning.
  struct Head: Equatable {
    var opcode: UInt8
    /// Where the payload begins.
    var length: Int
    /// Bytes of the payload.
    var payload: Int
  }

  /// A whole masked frame; the payload has at most 65,535 bytes.
  static func masked(opcode: UInt8, _ payload: some Collection<UInt8>) -> [UInt8] {
    precondition(payload.count < 65_536, "a client's frames are short")
    var bytes = [0x80 | opcode]
    if payload.count < 126 {
      bytes.append(0x80 | UInt8(payload.count))
    } else {
      bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    }
    bytes += mask
    bytes += payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }
    return bytes
  }

  /// The head of the server's frame at the beginning of `bytes`; nil as long as it is not all there.
  static func head(of bytes: UnsafeRawBufferPointer) -> Head? {
    guard bytes.count >= 2 else { return nil }
    let short = Int(bytes[1] & 0x7F)
    let more = short < 126 ? 0 : short == 126 ? 2 : 8
    guard bytes.count >= 2 + more else { return nil }
    let size = more == 0 ? short : bytes[2..<(2 + more)].reduce(0) { $0 << 8 | Int($1) & 0xFF }
    return Head(opcode: bytes[0] & 0x0F, length: 2 + more, payload: size)
  }
}
