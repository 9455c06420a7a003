internal import CMicroHTTPD

/// Hands answers to libmicrohttpd.
enum Reply {
  /// Queues the answer; the connection is closed when that is not possible, after a drop without a word.
  static func queue(_ response: HTTPResponse, on connection: OpaquePointer, closing: Bool) -> MHD_Result {
    guard !response.dropsConnection, let made = make(response) else { return .NO }
    defer { MHD_destroy_response(made) }
    if closing { MHD_add_response_header(made, "Connection", "close") }
    return buttonwood_mhd_answer(connection, UInt32(clamping: response.status), made)
  }

  /// A response with a copy of the body. A field that is no valid header field is left out.
  private static func make(_ response: HTTPResponse) -> OpaquePointer? {
    let made = response.body.withUnsafeBytes { body in
      MHD_create_response_from_buffer(
        body.count, UnsafeMutableRawPointer(mutating: body.baseAddress ?? empty), .RESPMEM_MUST_COPY)
    }
    guard let made else { return nil }
    for (name, value) in response.headers { MHD_add_response_header(made, name, value) }
    return made
  }

  nonisolated(unsafe) private static let empty = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))
}
