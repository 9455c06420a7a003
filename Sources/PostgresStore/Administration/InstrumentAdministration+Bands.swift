public import Market
internal import Postgres

extension InstrumentAdministration {
  /// How many instruments a setting of price bands meant, and how many it changed.
  public struct BandSetting: Hashable, Sendable {
    /// Instruments that were meant.
    public var instruments: Int64
    /// Instruments that had another setting.
    public var changed: Int64
  }

  /// Sets how wide price bands are. The leader tells instruments their bands, or that they have none any more.
  /// - Parameters:
  ///   - tier: Nil for no bands.
  ///   - symbol: Which instrument; nil for all.
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
