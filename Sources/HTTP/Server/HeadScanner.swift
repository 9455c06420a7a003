internal import Glibc

/// Looks at the head of a connection's first request before libmicrohttpd reads a byte of it.
///
/// The library is lenient where two readers of one byte stream could come to see different requests: it takes a lone CR or LF
/// for a line's end, joins folded lines, cuts lines at NUL, and answers what it refuses itself in HTML. Here the grammar of
/// RFC 9112, sections 2.2 to 5, is kept to the letter, and refusals are the server's own.
enum HeadScanner {
  /// What the bytes that have come so far are.
  enum Verdict: Equatable {
    /// The head goes on.
    case incomplete
    /// A whole head; its target.
    case whole(target: String)
    case refused(RequestGuard.Refusal)
  }

  /// Judges what has arrived.
  /// - Parameter limit: Bytes of a head at most.
  static func look(at bytes: UnsafeRawBufferPointer, limit: Int) -> Verdict {
    let bytes = bytes.bindMemory(to: UInt8.self)
    var start = 0
    // A client that sent a line's end too many behind its last body is forgiven (section 2.2).
    while start + 1 < bytes.count, bytes[start] == cr, bytes[start + 1] == lf { start += 2 }
    let rest = UnsafeBufferPointer(rebasing: bytes[start...])
    guard let end = end(of: rest) else {
      return rest.count < limit ? .incomplete : .refused(tooLarge)
    }
    guard end <= limit else { return .refused(tooLarge) }
    do throws(RequestGuard.Refusal) {
      return .whole(target: try judge(UnsafeBufferPointer(rebasing: rest[..<end])))
    } catch {
      return .refused(error)
    }
  }

  private static let cr = UInt8(ascii: "\r")
  private static let lf = UInt8(ascii: "\n")
  private static let tooLarge = RequestGuard.Refusal(status: 431, message: "the request's head is too large")

  private static func bad(_ message: String) -> RequestGuard.Refusal { .init(status: 400, message: message) }

  /// Behind the last header line: where an empty line begins, however its line ends are written.
  private static func end(of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    var position = 0
    while position < bytes.count, let found = memchr(base + position, Int32(lf), bytes.count - position) {
      position = base.distance(to: found.assumingMemoryBound(to: UInt8.self)) + 1
      if position < bytes.count, bytes[position] == lf { return position }
      if position + 1 < bytes.count, bytes[position] == cr, bytes[position + 1] == lf { return position }
    }
    return nil
  }

  /// Judges the request line and the header lines.
  private static func judge(_ head: UnsafeBufferPointer<UInt8>) throws(RequestGuard.Refusal) -> String {
    var lines = Lines(rest: head[...])
    guard let first = try lines.next() else { throw bad("the request line is missing") }
    let (target, isHTTP10) = try requestLine(first)
    var guarding = RequestGuard()
    while let line = try lines.next() {
      if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") { throw bad("a header line is folded") }
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw bad("a header line has no colon") }
      let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
      guarding.see(
        name: UnsafeBufferPointer(rebasing: line[..<colon]), value: UnsafeBufferPointer(rebasing: value))
    }
    try guarding.judge(isHTTP10: isHTTP10, headSize: 0, headLimit: .max)
    return target
  }

  private static func requestLine(
    _ line: Slice<UnsafeBufferPointer<UInt8>>
  ) throws(RequestGuard.Refusal) -> (target: String, isHTTP10: Bool) {
    let space = UInt8(ascii: " ")
    let parts = line.split(separator: space, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(isTokenByte), !parts[1].isEmpty,
      parts[1].allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else { throw bad("the request line is malformed") }
    guard parts[2].count == 8, parts[2].dropLast().elementsEqual("HTTP/1.".utf8) else {
      throw RequestGuard.Refusal(status: 505, message: "the only versions of HTTP understood are 1.0 and 1.1")
    }
    switch parts[2].last {
    case UInt8(ascii: "0"): return (String(decoding: parts[1], as: UTF8.self), true)
    case UInt8(ascii: "1"): return (String(decoding: parts[1], as: UTF8.self), false)
    default: throw RequestGuard.Refusal(status: 505, message: "the only versions of HTTP understood are 1.0 and 1.1")
    }
  }

  /// The lines of a head, each without its end.
  private struct Lines {
    var rest: Slice<UnsafeBufferPointer<UInt8>>

    mutating func next() throws(RequestGuard.Refusal) -> Slice<UnsafeBufferPointer<UInt8>>? {
      guard !rest.isEmpty else { return nil }
      guard let end = rest.firstIndex(of: HeadScanner.lf), end > rest.startIndex, rest[end - 1] == HeadScanner.cr else {
        throw HeadScanner.bad("a line does not end with CR and LF")
      }
      let line = rest[..<(end - 1)]
      rest = rest[(end + 1)...]
      // A lone CR among them.
      guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        throw HeadScanner.bad("the head has a control character")
      }
      return line
    }
  }
}
