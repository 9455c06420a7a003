internal import Digest

/// The opening handshake of a WebSocket (RFC 6455, section 4.2).
enum WebSocketHandshake {
  /// What the protocol appends to the client's key before it is digested.
  private static let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// The headers that accept a request, or the answer that refuses it.
  static func answer(_ request: HTTPRequest) -> Result<[(name: String, value: String)], Refusal> {
    guard request.method == "GET" else { return .failure(Refusal(status: 405, reason: "a WebSocket begins with GET")) }
    guard hasToken("Upgrade", "websocket", in: request), hasToken("Connection", "upgrade", in: request) else {
      return .failure(Refusal(status: 426, reason: "this path speaks WebSocket only"))
    }
    guard request.header("Sec-WebSocket-Version") == "13" else {
      return .failure(Refusal(status: 426, reason: "the only WebSocket version understood is 13"))
    }
    guard let key = request.header("Sec-WebSocket-Key"), isKey(key) else {
      return .failure(Refusal(status: 400, reason: "Sec-WebSocket-Key must be 16 bytes in base 64"))
    }
    return .success([
      ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(key)),
    ])
  }

  /// Why a request cannot become a WebSocket.
  struct Refusal: Error {
    var status: Int
    var reason: String
  }

  /// What proves that the key was read.
  static func accept(_ key: String) -> String { Base64.encode(SHA1Digest.of(Array((key + guid).utf8))) }

  /// Whether a header, which may come more than once, lists a word in any case.
  private static func hasToken(_ name: String, _ word: String, in request: HTTPRequest) -> Bool {
    request.headers.contains { header in
      isSameHeaderName(header.name, name)
        && header.value.utf8.split(separator: UInt8(ascii: ",")).contains { part in
          let token = part.drop { $0 == 0x20 || $0 == 0x09 }.prefix { $0 != 0x20 && $0 != 0x09 }
          return isSameHeaderName(String(Substring(token)), word)
        }
    }
  }

  private static func isKey(_ key: String) -> Bool { key.utf8.count == 24 && Base64.decode(key)?.count == 16 }
}
