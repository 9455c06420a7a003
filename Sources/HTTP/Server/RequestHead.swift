internal import CMicroHTTPD

/// The header fields of a request, copied out of libmicrohttpd's memory in one pass.
struct RequestHead {
  private(set) var headers: [(name: String, value: String)] = []
  private(set) var guarding = RequestGuard()
  private(set) var layout: HeadLayout

  /// Reads the fields of the request that the connection is at.
  /// - Parameter layout: The request line.
  init(of connection: OpaquePointer, _ layout: HeadLayout) {
    self.layout = layout
    headers.reserveCapacity(12)
    _ = withUnsafeMutablePointer(to: &self) { head in
      MHD_get_connection_values_n(
        connection, .HEADER_KIND,
        { head, _, name, nameSize, value, valueSize in
          head!.assumingMemoryBound(to: RequestHead.self).pointee
            .add(name: bytes(name, nameSize), value: bytes(value, valueSize))
          return .YES
        }, head)
    }
  }

  private mutating func add(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    guarding.see(name: name, value: value)
    layout.see(name: name, value: value)
    headers.append((String(decoding: name, as: UTF8.self), String(decoding: trimmed(value), as: UTF8.self)))
  }
}

/// Text of C as bytes; none when there is no text.
private func bytes(_ text: UnsafePointer<CChar>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
  guard let text else { return UnsafeBufferPointer(start: nil, count: 0) }
  return UnsafeBufferPointer(start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: count)
}

/// The value without blanks at its end, which do not belong to it; those before it are gone already.
private func trimmed(_ value: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
  var count = value.count
  while count > 0, value[count - 1] == 0x20 || value[count - 1] == 0x09 { count -= 1 }
  return UnsafeBufferPointer(rebasing: value[..<count])
}
