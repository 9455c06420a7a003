internal import Market
internal import Postgres

/// The columns that say how an instrument trades.
enum PhaseColumns {
  /// Reads rows of shard, instrument, day since 1970, stage and whether it is halted.
  static func read(_ rows: PostgresRows) -> [Shard: [InstrumentID: InstrumentPhase]] {
    var phases: [Shard: [InstrumentID: InstrumentPhase]] = [:]
    for row in 0..<rows.count {
      var point: SessionPoint?
      if !rows.isNull(row, 2) { point = SessionPoint(Day(rawValue: rows.int4(row, 2)), stored(rows.int2(row, 3))) }
      phases[Shard(rawValue: rows.int2(row, 0)), default: [:]][InstrumentID(rawValue: rows.int4(row, 1))] =
        InstrumentPhase(point, isHalted: rows.bool(row, 4))
    }
    return phases
  }

  /// Writes a row of the type `phase_change`.
  static func write(_ phase: InstrumentPhase, of instrument: InstrumentID, to row: inout RowArray.Fields) {
    row.int4(instrument.rawValue)
    if let point = phase.point {
      row.int4(point.day.rawValue)
      row.int2(Int16(point.stage.rawValue))
    } else {
      row.null(.int4)
      row.null(.int2)
    }
    row.bool(phase.isHalted)
  }
}
