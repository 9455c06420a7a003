internal import Lifecycle

/// What has come of an answer. Its call's thread fills it; whoever waits may give the call up.
///
/// `@unchecked Sendable`: all but `isCancelled`, which is locked, is confined to the call's thread.
final class Reception: @unchecked Sendable {
  private let limits: HTTPClient.Limits
  private let isCancelled = Lock(false)
  private var headBytes = 0
  private(set) var headers: [HTTPCall.Header] = []
  /// Whether the last head has come whole: libcurl takes the end of a connection for the end of a head.
  private(set) var isHeadWhole = false
  private(set) var body: [UInt8] = []
  /// The bound that the answer went beyond; nil while it keeps them.
  private(set) var exceeded: Int?

  init(_ limits: HTTPClient.Limits) { self.limits = limits }

  func cancel() { isCancelled.withLock { $0 = true } }

  var isGivenUp: Bool { isCancelled.withLock { $0 } }

  /// Takes a line of a head; false ends the call.
  func takeLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
    headBytes += bytes.count
    guard headBytes <= limits.head else {
      exceeded = limits.head
      return false
    }
    let line = String(decoding: bytes, as: UTF8.self)
    // A head before the last one (100, 103) is none of the answer's.
    if line.hasPrefix("HTTP/") {
      (headers, isHeadWhole) = ([], false)
      return true
    }
    if line == "\r\n" || line == "\n" { isHeadWhole = true }
    guard let colon = line.firstIndex(of: ":") else { return true }
    let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    headers.append(.init(String(line[..<colon]), String(value.prefix { !$0.isNewline })))
    return true
  }

  /// Takes a piece of the body; false ends the call.
  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard body.count + bytes.count <= limits.answer else {
      exceeded = limits.answer
      return false
    }
    body.append(contentsOf: bytes)
    return true
  }
}
