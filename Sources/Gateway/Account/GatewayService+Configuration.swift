internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension GatewayService {
  /// `GET /v2/account/configurations`
  func showConfiguration(_ account: AccountNumber) async throws(APIError) -> HTTPResponse {
    let configuration = try await reading { () async throws(LedgerError) in try await keeper.configuration(of: account)
    }
    var writer = JSONWriter(capacity: 512)
    writer.configuration(configuration)
    return .json(200, writer)
  }

  /// `PATCH /v2/account/configurations`
  func changeConfiguration(_ body: [UInt8], _ account: AccountNumber) async throws(APIError) -> HTTPResponse {
    let change = try AccountConfigurationChange(Self.object(body))
    guard change != AccountConfigurationChange() else { return try await showConfiguration(account) }
    let configuration = try await reading { () async throws(LedgerError) in
      try await keeper.changeConfiguration(change, of: account)
    }
    var writer = JSONWriter(capacity: 512)
    writer.configuration(configuration)
    return .json(200, writer)
  }
}
