internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension GatewayService {
  /// `GET /v2/account`
  func showAccount(_ number: AccountNumber) async throws(APIError) -> HTTPResponse {
    let now = now()
    let account = try await reading { () async throws(LedgerError) in try await reader.account(number) }
    guard let account else { throw .unauthorized }
    let positions = try await reading { () async throws(LedgerError) in try await reader.positions(of: number) }
    let table = try await table(knowing: positions, now)
    let prices = try await lastPrices(now)
    var value = Int64(0)
    for position in positions {
      let price = prices[position.instrument] ?? table[position.instrument]?.referencePrice
      value = value.saturatingSum(position.marketValue(at: price).rawValue)
    }
    var writer = JSONWriter(capacity: 2048)
    let lastEquity = try await dayStart(of: number, positions, now: now).equity(of: account, positions, table)
    writer.account(account, marketValue: Money(rawValue: value), lastEquity: lastEquity, now: now)
    return .json(200, writer)
  }

  /// `GET /v2/positions`
  func listPositions(_ number: AccountNumber) async throws(APIError) -> HTTPResponse {
    let now = now()
    let positions = try await reading { () async throws(LedgerError) in try await reader.positions(of: number) }
    let table = try await table(knowing: positions, now)
    let prices = try await lastPrices(now)
    let dayStart = try await dayStart(of: number, positions, now: now)
    var writer = JSONWriter(capacity: 64 + 720 * positions.count)
    writer.beginArray()
    for position in positions {
      guard let instrument = table[position.instrument] else { throw .internalFault }
      writer.position(
        position, instrument,
        lastPrice: prices[instrument.id] ?? instrument.referencePrice, dayStart: dayStart)
    }
    writer.endArray()
    return .json(200, writer)
  }

  /// `GET /v2/positions/{symbol or asset id}`
  func showPosition(_ name: String, _ number: AccountNumber) async throws(APIError) -> HTTPResponse {
    let now = now()
    let instrument = try await reading { () async throws(LedgerError) in
      try await directory.instrument(named: name, now: now)
    }
    guard let instrument else { throw .noPosition }
    let positions = try await reading { () async throws(LedgerError) in try await reader.positions(of: number) }
    guard let position = positions.first(where: { $0.instrument == instrument.id }) else { throw .noPosition }
    let price = try await lastPrices(now)[instrument.id] ?? instrument.referencePrice
    let dayStart = try await dayStart(of: number, [position], now: now)
    var writer = JSONWriter()
    writer.position(position, instrument, lastPrice: price, dayStart: dayStart)
    return .json(200, writer)
  }

  func table(knowing positions: [PositionRecord], _ now: Timestamp) async throws(APIError) -> InstrumentTable {
    try await reading { () async throws(LedgerError) in
      try await directory.table(now: now) { table in positions.allSatisfy { table[$0.instrument] != nil } }
    }
  }

  private func lastPrices(_ now: Timestamp) async throws(APIError) -> [InstrumentID: Price] {
    try await reading { () async throws(LedgerError) in try await directory.lastPrices(now: now) }
  }
}
