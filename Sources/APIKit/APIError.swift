package import HTTP
package import JSON
package import Ports

/// An answer that says no: an HTTP status, a code and a message that clients search, and fields that explain.
package struct APIError: Error, Sendable {
  /// The value of an explaining field.
  package enum Detail: Hashable, Sendable {
    case text(String)
    /// A count of 1/10000 units, shown as a decimal.
    case decimal4(Int64)
    /// A whole number, shown as a string.
    case count(Int64)
    case texts([String])
  }

  package var status: Int
  package var code: Int
  package var message: String
  /// Our own machine-readable word for the cause.
  package var reason: String
  package var details: [(name: String, value: Detail)] = []
  /// Only on 429 and 503: some clients repeat whatever carries it.
  package var retryAfter: Duration?
  package var allowedMethods: String?

  /// The code is the status, 1, and a number: 422 and 0 give 42210000.
  package init(_ status: Int, code: Int? = nil, _ message: String, reason: String) {
    self.status = status
    self.code = code ?? status * 100_000 + 10_000
    self.message = message
    self.reason = reason
  }

  /// The whole answer.
  package var response: HTTPResponse {
    var writer = JSONWriter(capacity: 256)
    write(to: &writer)
    var headers: [(name: String, value: String)] = [HTTPResponse.jsonContentType]
    if let retryAfter { headers.append(("Retry-After", String(retryAfter.components.seconds))) }
    if let allowedMethods { headers.append(("Allow", allowedMethods)) }
    return HTTPResponse(status: status, headers: headers, body: writer.bytes)
  }

  /// The body.
  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("code")
    writer.integer(Int64(code))
    writer.key("message")
    writer.string(message)
    writer.key("reason")
    writer.string(reason)
    for detail in details {
      writer.key(dynamic: detail.name)
      switch detail.value {
      case .text(let text): writer.string(text)
      case .decimal4(let value): writer.decimal(value, fractionDigits: 4)
      case .count(let value): writer.decimal(value, fractionDigits: 0)
      case .texts(let texts):
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
      }
    }
    writer.endObject()
  }
}

extension APIError {
  /// The code of fields that are missing or malformed, and of a client order id that was used before.
  package static let fieldCode = 40_010_001

  /// The body is not a JSON object.
  package static var badBody: APIError {
    APIError(400, "request body format is invalid", reason: "malformed_body")
  }

  /// No key, an unknown key or a wrong secret: nobody learns which.
  package static var unauthorized: APIError {
    APIError(401, "request is not authorized", reason: "unauthorized")
  }

  /// The key must be looked at again before anything is done with it.
  package static var staleCredential: APIError {
    APIError(401, "request is not authorized", reason: "stale_credential")
  }

  /// A key that may only look.
  package static var readOnlyKey: APIError {
    APIError(403, "the API key may only read", reason: "read_only_key")
  }

  /// There is nothing at this path.
  package static var noEndpoint: APIError { APIError(404, "endpoint not found.", reason: "endpoint_not_found") }

  /// The path is there, the method is not.
  package static func methodNotAllowed(_ allowed: String) -> APIError {
    var error = APIError(405, "method not allowed", reason: "method_not_allowed")
    error.allowedMethods = allowed
    return error
  }

  /// The body is over its bound.
  package static var bodyTooLarge: APIError { APIError(413, "request body is too large", reason: "body_too_large") }

  /// A field or parameter that cannot be read.
  package static func field(_ message: String, reason: String = "invalid_field") -> APIError {
    APIError(422, code: fieldCode, message, reason: reason)
  }

  /// No such order, by whatever name it was asked for.
  package static func orderNotFound(_ name: String) -> APIError {
    APIError(404, "order not found for \(name)", reason: "order_not_found")
  }

  /// No shares of it, or no such thing.
  package static var noPosition: APIError { APIError(404, "position does not exist", reason: "position_not_found") }

  /// No such instrument.
  package static func assetNotFound(_ name: String) -> APIError {
    APIError(404, "asset not found for \(name)", reason: "asset_not_found")
  }

  /// No such corporate action: there are none.
  package static var announcementNotFound: APIError {
    APIError(404, "announcement not found", reason: "announcement_not_found")
  }

  /// Over a bound; nothing was stored.
  package static func busy(retryAfter: Duration, reason: String) -> APIError {
    var error = APIError(429, "too many requests", reason: reason)
    error.retryAfter = max(.seconds(1), retryAfter)
    return error
  }

  /// The database is away; nothing was stored.
  package static var unavailable: APIError {
    var error = APIError(503, "service unavailable", reason: "unavailable")
    error.retryAfter = .seconds(1)
    return error
  }

  /// Somebody else holds a row of the account in the database for too long; nothing was stored.
  package static var accountHeld: APIError {
    var error = APIError(
      503, "the account is locked by another operation; nothing was stored, send the request again",
      reason: "account_locked")
    error.retryAfter = .seconds(1)
    return error
  }

  /// What it needs is not there yet; nothing was stored.
  package static func notReady(_ reason: String) -> APIError {
    var error = APIError(503, "service unavailable: \(reason)", reason: "not_ready")
    error.retryAfter = .seconds(1)
    return error
  }

  /// Stored once or not at all, and nobody knows yet: only for one of many, alone it is answered by silence.
  package static var unknownOutcome: APIError {
    APIError(500, "the outcome is not known: look for the order before sending again", reason: "outcome_unknown")
  }

  /// A fault of ours; nothing was stored.
  package static var internalFault: APIError { APIError(500, "internal server error", reason: "internal_error") }

  /// What a failed question becomes. Questions store nothing, so an unknown outcome is the same as none.
  package init(_ error: StoreError) {
    switch error {
    case .unavailable, .outcomeUnknown: self = .unavailable
    case .fault: self = .internalFault
    }
  }
}

extension HTTPResponse {
  /// What every body here is.
  package static let jsonContentType: (name: String, value: String) = ("Content-Type", "application/json")

  /// An answer with a JSON body.
  package static func json(_ status: Int = 200, _ writer: JSONWriter) -> HTTPResponse { .json(status, writer.bytes) }

  /// An answer with a JSON body that is there already.
  package static func json(_ status: Int = 200, _ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(status: status, headers: [jsonContentType], body: body)
  }
}
