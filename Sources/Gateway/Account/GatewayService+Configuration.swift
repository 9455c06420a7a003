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
    let json = try Self.object(body)
    var configuration = try await reading { () async throws(LedgerError) in
      try await keeper.configuration(of: account)
    }
    let before = configuration
    try configuration.take(json)
    if configuration != before {
      let changed = configuration
      try await reading { () async throws(LedgerError) in try await keeper.setConfiguration(changed, of: account) }
    }
    var writer = JSONWriter(capacity: 512)
    writer.configuration(configuration)
    return .json(200, writer)
  }
}
