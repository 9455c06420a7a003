/// A request as the server hands it to a handler: complete, with its bounded body.
public struct HTTPRequest: Sendable {
  /// `GET`, `POST`, `PATCH`, `DELETE` … as sent.
  public var method: String
  /// The path of the target, percent-encoding still in place, without the query.
  public var rawPath: String
  /// Query parameters in order, decoded (`+` is a space).
  public var query: [(name: String, value: String)]
  /// Header fields in order, names as sent.
  public var headers: [(name: String, value: String)]
  /// The body; empty when there is none.
  public var body: [UInt8]
  /// The client's address without the port.
  public var peer: String

  /// Makes a request; tests and in-process callers do.
  public init(
    method: String, rawPath: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], body: [UInt8] = [], peer: String = ""
  ) {
    self.method = method
    self.rawPath = rawPath
    self.query = query
    self.headers = headers
    self.body = body
    self.peer = peer
  }

  /// The first value of a header, by its name in any case.
  public func header(_ name: String) -> String? {
    headers.first { isSameHeaderName($0.name, name) }?.value
  }

  /// The first value of a query parameter.
  public func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// What a handler answers.
public struct HTTPResponse: Sendable {
  /// The status code.
  public var status: Int
  /// Header fields beside those the server adds (`Content-Length`, `Date`, `Connection`).
  public var headers: [(name: String, value: String)]
  /// The body.
  public var body: [UInt8]
  /// Close the connection without any answer: the outcome is not known, and any status would be a claim.
  public var dropsConnection: Bool
  /// What the connection becomes behind the head of this answer.
  var opening: HTTPStreamOpening?

  /// Makes an answer.
  public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
    self.dropsConnection = false
  }

  /// Closes the connection without an answer.
  public static var drop: HTTPResponse {
    var response = HTTPResponse(status: 0)
    response.dropsConnection = true
    return response
  }
}

/// Answers requests; called on the server's own loop, so it must not block.
public typealias HTTPHandler = @Sendable (HTTPRequest) async -> HTTPResponse

/// Whether two header names are equal in any case of their ASCII letters.
package func isSameHeaderName(_ left: String, _ right: String) -> Bool {
  guard left.utf8.count == right.utf8.count else { return false }
  return zip(left.utf8, right.utf8).allSatisfy { lowercaseASCII($0) == lowercaseASCII($1) }
}
