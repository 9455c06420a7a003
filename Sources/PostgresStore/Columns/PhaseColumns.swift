internal import Accounting
internal import Market
internal import Postgres

/// The columns that say how an instrument trades.
enum PhaseColumns {
  /// What a band follows from, of the table `p`.
  static let band = "p.band_reference, p.band_previous_close, p.band_tier, p.band_is_near_close"

  /// Reads rows of shard, instrument, day since 1970, stage, whether it is halted, ``band``, and
  /// the end of the band that the best price has come to.
  static func read(_ rows: PostgresRows) throws(PostgresError) -> [Shard: [InstrumentID: InstrumentPhase]] {
    var phases: [Shard: [InstrumentID: InstrumentPhase]] = [:]
    for row in 0..<rows.count {
      var point: SessionPoint?
      if !rows.isNull(row, 2) {
        point = SessionPoint(Day(rawValue: rows.int4(row, 2)), try stored(rows.int2(row, 3)))
      }
      phases[Shard(rawValue: rows.int2(row, 0)), default: [:]][InstrumentID(rawValue: rows.int4(row, 1))] =
        try InstrumentPhase(
          point, isHalted: rows.bool(row, 4), band: band(rows, row, from: 5), limit: limit(rows, row, 9))
    }
    return phases
  }

  /// Reads ``band``, which begins at a column; nil without one.
  static func band(_ rows: PostgresRows, _ row: Int, from column: Int) throws(PostgresError) -> BandTerms? {
    guard !rows.isNull(row, column) else { return nil }
    return BandTerms(
      reference: Price(rawValue: rows.int8(row, column)), previousClose: Price(rawValue: rows.int8(row, column + 1)),
      tier: try stored(rows.int2(row, column + 2)), isNearClose: rows.bool(row, column + 3))
  }

  /// Reads the end of a band; nil for none.
  static func limit(_ rows: PostgresRows, _ row: Int, _ column: Int) throws(PostgresError) -> LimitState.Edge? {
    rows.isNull(row, column) ? nil : try stored(rows.int2(row, column))
  }

  /// Writes a row of the type `phase_report`.
  static func write(_ update: Settlement.PhaseUpdate, to row: inout RowArray.Fields) {
    let phase = update.phase
    row.int4(update.instrument.rawValue)
    if let point = phase.point {
      row.int4(point.day.rawValue)
      row.int2(Int16(point.stage.rawValue))
    } else {
      row.null(.int4)
      row.null(.int2)
    }
    row.bool(phase.isHalted)
    if let band = phase.band {
      row.int8(band.reference.rawValue)
      row.int8(band.previousClose.rawValue)
      row.int2(Int16(band.tier.rawValue))
      row.bool(band.isNearClose)
      row.int8(band.band.lower.rawValue)
      row.int8(band.band.upper.rawValue)
    } else {
      row.null(.int8)
      row.null(.int8)
      row.null(.int2)
      row.null(.bool)
      row.null(.int8)
      row.null(.int8)
    }
    if let limit = phase.limit { row.int2(Int16(limit.rawValue)) } else { row.null(.int2) }
    row.bool(update.beginsLimit)
  }
}
