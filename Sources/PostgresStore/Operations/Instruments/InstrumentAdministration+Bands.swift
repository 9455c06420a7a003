public import Market
public import Ports
internal import Postgres

extension InstrumentAdministration {
  public func setBands(_ tier: BandTier?, of symbol: Symbol?) async throws(AdministrationError) -> BandSetting {
    let action = AdminAction(
      "instrument band", target: symbol?.description ?? "all", ["tier": tier.map { "\($0.rawValue)" } ?? "none"])
    let call = PostgresCall(
      InstrumentStatements.setBandTier,
      [tier.map { .int2(Int16($0.rawValue)) } ?? .null, symbol.map { .text($0.description) } ?? .null])
    return try await database.change(action) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<BandSetting> in
      let rows = try connection.query(call)
      let setting = BandSetting(instruments: rows.int8(0, 0), changed: rows.int8(0, 1))
      if let symbol, setting.instruments == 0 { return .refused("there is no instrument \(symbol)") }
      return setting.changed > 0
        ? .done(setting, outcome: "changed \(setting.changed)")
        : .done(setting, outcome: AdministrationSession.unchanged)
    }
  }
}
