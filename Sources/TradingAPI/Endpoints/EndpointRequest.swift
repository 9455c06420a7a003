internal import ClientKit
internal import HTTP
internal import Market

/// A request that has found its endpoint, and who sends it.
struct EndpointRequest: Sendable {
  let http: HTTPRequest
  let headers: RequestHeaders
  var caller: Caller
  private let endpoint: Endpoint
  private let values: [String]

  init(_ http: HTTPRequest, _ headers: RequestHeaders, _ caller: Caller, _ endpoint: Endpoint, values: [String]) {
    self.http = http
    self.headers = headers
    self.caller = caller
    self.endpoint = endpoint
    self.values = values
  }

  /// The account that it is about.
  var account: AccountNumber { caller.account }
  var query: [(name: String, value: String)] { http.query }
  var body: [UInt8] { http.body }

  /// Whether its key may ask for this.
  var isPermitted: Bool { endpoint.permits(caller.role) }

  /// What stands in the place of a parameter of the path; nil when the endpoint's path has no such parameter.
  func value(_ name: String) -> String? { endpoint.parameters.firstIndex(of: name).map { values[$0] } }

  /// What stands in the place of a parameter that the paths of all endpoints of this handler have.
  subscript(name: String) -> String {
    guard let value = value(name) else { preconditionFailure("\(endpoint.path) has no parameter \(name)") }
    return value
  }
}
