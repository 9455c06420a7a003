internal import Glibc

/// One request on its way to its answer. The connection and the handler's task share it, so it outlives whichever ends
/// first.
///
/// `@unchecked Sendable`: confined to the loop's thread, where the handler's task runs too.
final class Exchange: @unchecked Sendable {
  /// libmicrohttpd's connection; not to be touched once `isOpen` is false.
  let connection: OpaquePointer
  let record: ConnectionRecord
  /// Where the target is in libmicrohttpd's buffer, which has been written to since when the head is whole; not to be
  /// touched later.
  let target: UnsafeBufferPointer<UInt8>
  /// Whether the target had no blank and no control character.
  let hasPlainTarget: Bool
  var request: HTTPRequest
  var stage = Stage.head
  /// The connection still waits for this exchange's answer.
  var isOpen = true
  /// The answer goes without its body.
  var isHead = false
  /// The client's address, by a trusted proxy's word where there is one.
  var client: String
  /// Bytes of the body at most.
  var bodyLimit = 0
  /// The announced length of the body; nil when it comes in chunks.
  var length: Int? = 0
  /// Bytes of the body that count against the loop's memory for bodies.
  var bodyBytes = 0

  /// What the next visit of the access handler is about.
  enum Stage {
    case head
    /// The gate looks at the head.
    case judging
    /// The gate lets the body in.
    case admitted
    case body
    /// The body is thrown away and the refusal answered after it.
    case discarding(HTTPResponse, bytes: Int)
    case waiting
    case answered(HTTPResponse)
    /// The connection has become a stream: libmicrohttpd is to forget it.
    case handedOver
    case replied
  }

  init(connection: OpaquePointer, record: ConnectionRecord, target: UnsafePointer<CChar>) {
    client = record.peer
    self.connection = connection
    self.record = record
    let bytes = UnsafeBufferPointer(start: target, count: strlen(target)).withMemoryRebound(to: UInt8.self) { $0 }
    self.target = bytes
    hasPlainTarget = bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    let path = bytes.prefix { $0 != 0x3F }
    request = HTTPRequest(
      method: "", rawPath: String(decoding: path, as: UTF8.self),
      query: path.count < bytes.count ? PercentEncoding.decodeQuery(bytes[(path.endIndex + 1)...]) : [],
      peer: record.peer)
  }

  /// Hands the request over; the exchange keeps none of it.
  func takeRequest() -> HTTPRequest {
    defer { request = HTTPRequest(method: "", rawPath: "") }
    return request
  }
}
