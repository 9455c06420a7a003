/// A request to a server of somebody else.
public struct HTTPCall: Hashable, Sendable {
  /// A header field.
  public struct Header: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// `GET`, `POST` …, in capitals.
  public var method: String
  /// The whole address, `http:` or `https:`, percent-encoded.
  public var url: String
  /// Beside those that the client adds (`Host`, `Content-Length`, `User-Agent`, `Accept`).
  public var headers: [Header]
  /// Empty for none.
  public var body: [UInt8]

  /// Describes a request.
  public init(_ method: String = "GET", _ url: String, headers: [Header] = [], body: [UInt8] = []) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }

  /// Bytes of an address.
  private static let longestURL = 8_192

  /// Why it cannot be sent as it is; nil when it can. Whatever ends a line or a text would become a part of the protocol.
  var fault: String? {
    func isToken(_ text: String) -> Bool {
      !text.isEmpty
        && text.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            return true
          default: return false
          }
        }
    }
    guard isToken(method), method.utf8.count <= 32 else { return "the method is no word" }
    guard method != "HEAD" || body.isEmpty else { return "a HEAD has no body" }
    guard url.utf8.count <= Self.longestURL else { return "the address is longer than \(Self.longestURL) bytes" }
    guard !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return "the address holds a space or control" }
    for header in headers {
      guard isToken(header.name) else { return "a header's name is no word" }
      guard !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
        return "the value of the header \(header.name) holds a control character"
      }
    }
    return nil
  }
}

/// What a server answered.
public struct HTTPAnswer: Hashable, Sendable {
  /// The status code, 200 to 599.
  public var status: Int
  /// The header fields in order, names as sent.
  public var headers: [HTTPCall.Header]
  /// The body without transfer encoding.
  public var body: [UInt8]

  /// The first value of a header, by its name in any case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
