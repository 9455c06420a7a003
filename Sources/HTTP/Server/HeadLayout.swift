internal import Glibc

/// Tells from where the library found the fields of a head whether it read all of it as we would.
///
/// libmicrohttpd 0.9.75 reads a head in its place: names and values are pointers into one buffer, and what stood between
/// them has become NUL. A field that begins exactly where the line before it ends with CR and LF, and each value where its
/// name and colon end, is a head of plain lines. A folded line was joined and moved elsewhere; a line that was cut at a NUL,
/// ended by a lone CR or LF, or left out leaves another gap. So a head is judged that the library has taken from a
/// connection that was in use already, where nobody can look before it.
struct HeadLayout {
  /// Where the next field has to begin.
  private var next: UnsafeRawPointer
  /// Whether every field so far follows the one before it.
  private var isPlain: Bool

  private let start: UnsafeRawPointer

  /// Begins with the request line: a method, a target and a version with a blank between each.
  /// - Parameter target: Where the target is and how long; its question mark and the like have become NUL since.
  init(
    method: UnsafePointer<CChar>, target: UnsafeBufferPointer<UInt8>, version: UnsafePointer<CChar>
  ) {
    start = UnsafeRawPointer(method)
    let length = strlen(method)
    let word = UnsafeBufferPointer(start: method, count: length).withMemoryRebound(to: UInt8.self) { $0 }
    next = UnsafeRawPointer(version) + 8 + 2
    isPlain =
      length > 0 && word.allSatisfy(isTokenByte) && strlen(version) == 8
      && target.baseAddress.map { UnsafeRawPointer($0) } == start + length + 1
      && UnsafeRawPointer(version) == start + length + 1 + target.count + 1
  }

  /// Whether the head is plain up to its end, which is so many bytes behind its beginning.
  func isWhole(headSize: Int) -> Bool { isPlain && next + 2 == start + headSize }

  /// Takes note of the next field.
  mutating func see(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    guard isPlain, let name = name.baseAddress.map({ UnsafeRawBufferPointer(start: $0, count: name.count) }),
      let start = name.baseAddress, start == next, let from = value.baseAddress.map({ UnsafeRawPointer($0) })
    else {
      isPlain = false
      return
    }
    // The colon has become NUL; blanks behind it have stayed.
    let colon = start + name.count
    let gap = colon.distance(to: from)
    guard gap >= 1, colon.load(as: UInt8.self) == 0 else {
      isPlain = false
      return
    }
    for offset in 1..<gap {
      let byte = colon.load(fromByteOffset: offset, as: UInt8.self)
      if byte != 0x20 && byte != 0x09 { isPlain = false }
    }
    next = from + value.count + 2
  }
}
