/// An answer that turns the connection into a stream.
struct HTTPStreamOpening: Sendable {
  var kind: HTTPStreamKind
  var handler: any HTTPStreamHandler
  /// Whether the client has yet to prove who it is.
  var isGuest = false
}

extension HTTPResponse {
  /// Accepts a WebSocket whose messages go to `handler`; an answer that refuses when the request is no proper handshake.
  ///
  /// A client sends nothing before it has this answer (RFC 6455, section 4.1); what it sends all the same may be lost.
  /// - Parameter isGuest: Whether it has yet to prove who it is: until ``HTTPStream/admit()`` it may send little.
  public static func webSocket(
    _ request: HTTPRequest, handler: any HTTPStreamHandler, isGuest: Bool = false
  ) -> HTTPResponse {
    switch WebSocketHandshake.answer(request) {
    case .success(let headers):
      var response = HTTPResponse(status: 101, headers: headers)
      response.opening = HTTPStreamOpening(kind: .webSocket, handler: handler, isGuest: isGuest)
      return response
    case .failure(let refusal):
      var response = HTTPResponse.refusal(status: refusal.status, message: refusal.reason)
      if refusal.status == 426 {
        response.headers += [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
      }
      return response
    }
  }

  /// Begins a stream of server-sent events. It ends with its connection.
  public static func eventStream(handler: any HTTPStreamHandler) -> HTTPResponse {
    var response = HTTPResponse(
      status: 200,
      headers: [
        ("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no"),
        ("Connection", "close"),
      ])
    response.opening = HTTPStreamOpening(kind: .events, handler: handler)
    return response
  }

  /// Whether it turns the connection into a stream.
  public var opensStream: Bool { opening != nil }

  /// The head as it goes over the wire. A field that is no valid header field is left out.
  var streamHead: [UInt8] {
    var head = "HTTP/1.1 \(status) \(status == 101 ? "Switching Protocols" : "OK")\r\n"
    for (name, value) in headers where (name + value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
      head += "\(name): \(value)\r\n"
    }
    return Array((head + "\r\n").utf8)
  }
}
