package import HTTP

/// A method that some endpoint knows. `HEAD` asks for what `GET` answers; the server leaves the body out.
package enum Method: String, Hashable, CaseIterable {
  case get = "GET"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"

  package init?(_ request: HTTPRequest) {
    self.init(rawValue: request.method == "HEAD" ? "GET" : request.method)
  }

  /// Its place among all of them.
  package var index: Int {
    switch self {
    case .get: 0
    case .post: 1
    case .put: 2
    case .patch: 3
    case .delete: 4
    }
  }
}
