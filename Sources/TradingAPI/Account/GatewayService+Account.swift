internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// `GET /v2/account`
  func showAccount(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let now = now()
    let snapshot = try await snapshot(of: request.account)
    let table = try await table(knowing: snapshot.positions, now)
    let value = snapshot.marketValue { table[$0]?.referencePrice }
    var writer = JSONWriter(capacity: 2048)
    let lastEquity = try await dayStart(in: snapshot, now: now).equity(of: snapshot) {
      table[$0]?.referencePrice
    }
    writer.account(snapshot.account, marketValue: value, lastEquity: lastEquity, now: now)
    return .json(200, writer)
  }

  /// `GET /v2/positions`
  func listPositions(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let now = now()
    let snapshot = try await snapshot(of: request.account)
    let table = try await table(knowing: snapshot.positions, now)
    let dayStart = try await dayStart(in: snapshot, now: now)
    var writer = JSONWriter(capacity: 64 + 720 * snapshot.positions.count)
    writer.beginArray()
    for position in snapshot.positions {
      guard let instrument = table[position.instrument] else { throw .internalFault }
      writer.position(
        position, instrument, lastPrice: snapshot.lastPrices[instrument.id] ?? instrument.referencePrice,
        dayStart: dayStart)
    }
    writer.endArray()
    return .json(200, writer)
  }

  /// `GET /v2/positions/{symbol_or_asset_id}`
  func showPosition(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let name = request["symbol_or_asset_id"]
    let now = now()
    let instrument = try await reading { () async throws(StoreError) in
      try await directory.instrument(named: name, now: now)
    }
    guard let instrument else { throw .noPosition }
    let snapshot = try await snapshot(of: request.account)
    guard let position = snapshot.positions.first(where: { $0.instrument == instrument.id }) else { throw .noPosition }
    var writer = JSONWriter()
    writer.position(
      position, instrument, lastPrice: snapshot.lastPrices[instrument.id] ?? instrument.referencePrice,
      dayStart: try await dayStart(in: snapshot, now: now))
    return .json(200, writer)
  }

  /// What an account has, all of one moment: every figure that is added up comes from it, and from what had moved by then.
  func snapshot(of number: AccountNumber) async throws(APIError) -> AccountSnapshot {
    let snapshot = try await reading { () async throws(StoreError) in try await reader.snapshot(of: number) }
    guard let snapshot else { throw .unauthorized }
    return snapshot
  }

  func table(knowing positions: [PositionRecord], _ now: Timestamp) async throws(APIError) -> InstrumentTable {
    try await reading { () async throws(StoreError) in
      try await directory.table(now: now) { table in positions.allSatisfy { table[$0.instrument] != nil } }
    }
  }
}
