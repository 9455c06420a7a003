internal import APIKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension GatewayService {
  /// `GET /v2/account/configurations`
  func showConfiguration(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let configuration = try await reading { () async throws(StoreError) in
      try await accountStore.configuration(of: request.account)
    }
    var writer = JSONWriter(capacity: 512)
    writer.configuration(configuration)
    return .json(200, writer)
  }

  /// `PATCH /v2/account/configurations`
  func changeConfiguration(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let change = try AccountConfigurationChange(Self.object(request.body))
    guard change != AccountConfigurationChange() else { return try await showConfiguration(request) }
    let configuration = try await reading { () async throws(StoreError) in
      try await accountStore.changeConfiguration(change, of: request.account)
    }
    var writer = JSONWriter(capacity: 512)
    writer.configuration(configuration)
    return .json(200, writer)
  }
}
