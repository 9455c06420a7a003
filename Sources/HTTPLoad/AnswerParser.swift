internal import HTTP

/// Cuts a stream of bytes into HTTP answers.
struct AnswerParser {
  /// A whole answer.
  struct Answer {
    var reply: HTTPReply
    /// The server closes the connection after it.
    var closes: Bool
  }

  /// The bytes are no HTTP answer, or it is too large.
  struct Malformed: Error {}

  private let answerLimit: Int
  private let keepsHeaders: Bool
  private var bytes: [UInt8] = []
  /// Where the next answer begins in `bytes`.
  private var start = 0
  /// How far `bytes` were searched for the end of a head, or of a chunk's line.
  private var searched = 0
  private var head: Head?
  private var chunks: [UInt8] = []

  private struct Head {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var framing = Framing.untilClose
    var closes: Bool
  }

  private enum Framing { case length(Int), chunked, trailer, untilClose }

  init(answerLimit: Int, keepsHeaders: Bool) {
    self.answerLimit = answerLimit
    self.keepsHeaders = keepsHeaders
  }

  /// Something has come of an answer that is not whole.
  var isMidAnswer: Bool { start < bytes.count || head != nil }

  /// Adds what arrived.
  mutating func append(_ arrived: UnsafeRawBufferPointer) throws(Malformed) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      start = 0
      searched = 0
    } else if start > 65_536 {
      bytes.removeFirst(start)
      searched -= start
      start = 0
    }
    guard bytes.count - start + arrived.count <= answerLimit else { throw Malformed() }
    bytes.append(contentsOf: arrived)
  }

  /// The next answer if it is whole; `isHead` when it answers a HEAD request.
  mutating func next(isHead: Bool) throws(Malformed) -> Answer? {
    while true {
      if head == nil {
        guard let parsed = try takeHead(isHead: isHead) else { return nil }
        if parsed.status / 100 == 1 { continue }
        head = parsed
      }
      switch head!.framing {
      case .length(let count):
        guard bytes.count - start >= count else { return nil }
        return finish(body: take(count))
      case .chunked:
        guard try takeChunk() else { return nil }
      case .trailer:
        guard let line = takeLine() else { return nil }
        if line.isEmpty { return finish(body: chunks) }
      case .untilClose:
        return nil
      }
    }
  }

  /// The answer that the end of the stream completes, if any.
  mutating func end() -> Answer? {
    guard let head, case .untilClose = head.framing else { return nil }
    return finish(body: take(bytes.count - start))
  }

  private mutating func finish(body: [UInt8]) -> Answer {
    defer {
      head = nil
      chunks = []
      searched = start
    }
    return Answer(reply: HTTPReply(status: head!.status, headers: head!.headers, body: body), closes: head!.closes)
  }

  private mutating func take(_ count: Int) -> [UInt8] {
    defer { start += count }
    return Array(bytes[start..<(start + count)])
  }

  /// A line without its end, if it is whole.
  private mutating func takeLine() -> Range<Int>? {
    while searched + 1 < bytes.count {
      if bytes[searched] == 0x0D && bytes[searched + 1] == 0x0A {
        defer {
          searched += 2
          start = searched
        }
        return start..<searched
      }
      searched += 1
    }
    return nil
  }

  /// Takes a chunk with its line; false when it is not whole yet.
  private mutating func takeChunk() throws(Malformed) -> Bool {
    let lineStart = start
    guard let line = takeLine() else { return false }
    let digits = bytes[line].prefix { $0 != 0x3B && $0 != 0x20 }
    guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else { throw Malformed() }
    if size == 0 {
      head!.framing = .trailer
      return true
    }
    guard bytes.count - start >= size + 2 else {
      start = lineStart
      searched = lineStart
      return false
    }
    guard chunks.count + size <= answerLimit else { throw Malformed() }
    chunks.append(contentsOf: bytes[start..<(start + size)])
    start += size + 2
    searched = start
    return true
  }

  private mutating func takeHead(isHead: Bool) throws(Malformed) -> Head? {
    guard let end = headEnd() else { return nil }
    let head = try bytes.withUnsafeBufferPointer { bytes throws(Malformed) in
      try parseHead(UnsafeBufferPointer(rebasing: bytes[start..<end]), isHead: isHead)
    }
    start = end
    searched = end
    return head
  }

  /// Where the head ends, after its empty line.
  private mutating func headEnd() -> Int? {
    let (start, searched, count) = (start, searched, bytes.count)
    let end: Int? = bytes.withUnsafeBufferPointer { bytes in
      var index = max(start, searched - 3)
      while index + 3 < count {
        if bytes[index + 3] > 0x0D {
          index += 4
        } else if bytes[index] == 0x0D && bytes[index + 1] == 0x0A && bytes[index + 2] == 0x0D
          && bytes[index + 3] == 0x0A
        {
          return index + 4
        } else {
          index += 1
        }
      }
      return nil
    }
    self.searched = count
    return end
  }

  private func parseHead(_ text: UnsafeBufferPointer<UInt8>, isHead: Bool) throws(Malformed) -> Head {
    guard text.count >= 14, text.starts(with: "HTTP/1.".utf8), text[8] == 0x20,
      let status = decimal(UnsafeBufferPointer(rebasing: text[9..<12])), status >= 100
    else { throw Malformed() }
    var head = Head(status: status, closes: text[7] == 0x30)
    var line = (text.firstIndex(of: 0x0A) ?? text.endIndex - 1) + 1
    while line < text.count, text[line] != 0x0D {
      guard let end = text[line...].firstIndex(of: 0x0D), let colon = text[line..<end].firstIndex(of: 0x3A) else {
        throw Malformed()
      }
      let name = UnsafeBufferPointer(rebasing: text[line..<colon])
      let value = UnsafeBufferPointer(rebasing: text[(colon + 1)..<end].drop { $0 == 0x20 || $0 == 0x09 })
      try note(name, value, in: &head)
      line = end + 2
    }
    if isHead || status / 100 == 1 || status == 204 || status == 304 { head.framing = .length(0) }
    if case .untilClose = head.framing { head.closes = true }
    return head
  }

  private func note(
    _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, in head: inout Head
  ) throws(Malformed) {
    switch name.count {
    case 14 where equals(name, "content-length"):
      guard let length = decimal(value), length <= answerLimit else { throw Malformed() }
      if case .untilClose = head.framing { head.framing = .length(length) }
    case 17 where equals(name, "transfer-encoding"):
      guard equals(value, "chunked") else { throw Malformed() }
      head.framing = .chunked
    case 10 where equals(name, "connection"):
      if equals(value, "close") { head.closes = true }
      if equals(value, "keep-alive") { head.closes = false }
    default: break
    }
    if keepsHeaders {
      head.headers.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }
  }
}
