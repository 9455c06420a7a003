public import Market
public import Ports
internal import Postgres
public import Sharding

extension PostgresMarketDayStore: BandStore {
  public func bandProgress(
    tradesSince: Timestamp, referencesUntil: Timestamp?
  ) async throws(StoreError) -> [BandProgress] {
    // Planned for its moment: days that are over are not locked.
    let rows = try await run([
      PostgresCall(MarketDataStatements.planned),
      PostgresCall(
        BandStatements.allProgress,
        [
          .timestamp(microseconds: tradesSince.rawValue),
          referencesUntil.map { .timestamp(microseconds: $0.rawValue) } ?? .null,
          .timestamp(microseconds: tradesSince.advanced(byMicroseconds: -60_000_000).rawValue),
        ]),
    ])[1]
    return try rows.map { (row) throws(PostgresError) in try Self.progress(rows, row) }
  }

  private static func progress(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> BandProgress {
    func moment(_ column: Int) -> Timestamp? {
      rows.isNull(row, column) ? nil : Timestamp(rawValue: rows.timestamp(row, column))
    }
    func price(_ column: Int) -> Price? { rows.isNull(row, column) ? nil : Price(rawValue: rows.int8(row, column)) }
    let phase = try InstrumentPhase(
      MarketClockRows.point(rows, row, 3), isHalted: rows.bool(row, 5), band: PhaseColumns.band(rows, row, from: 6),
      limit: PhaseColumns.limit(rows, row, 17))
    var progress = try BandProgress(
      InstrumentID(rawValue: rows.int4(row, 0)), shard: Shard(rawValue: rows.int2(row, 1)),
      tier: rows.isNull(row, 2) ? nil : stored(rows.int2(row, 2)), phase: phase, since: moment(10),
      processed: Sequence(rawValue: rows.int8(row, 13)), last: price(14), pausedUntil: moment(19))
    if !rows.isNull(row, 11) {
      progress.instructed = .init(
        Sequence(rawValue: rows.int8(row, 11)), day: Day(rawValue: rows.int4(row, 12)),
        isQuarantined: rows.bool(row, 20))
    }
    if !rows.isNull(row, 15) { progress.trades = TradeMean(sum: rows.int8(row, 15), count: rows.int8(row, 16)) }
    if let edge = progress.phase.limit, let since = moment(18) { progress.limit = LimitState(edge, since: since) }
    return progress
  }

  public func append(
    _ instructions: [BandDecisions.Instruction], of shard: Shard, within leadership: Leadership, at now: Timestamp
  ) async throws(StoreError) -> AppendOutcome {
    let commands = instructions.map { Command.band($0.change) }
    var rows = RowArray(expectedBytes: instructions.count * 60)
    for (index, instruction) in instructions.enumerated() {
      rows.append {
        $0.int4(instruction.instrument.rawValue)
        if let seen = instruction.seen { $0.int8(seen.rawValue) } else { $0.null(.int8) }
        $0.int4(instruction.day.rawValue)
        $0.int8(Int64(index) + 1)
      }
    }
    let parameter = PostgresParameter.int2(shard.rawValue)
    let append = PostgresCall(
      BandStatements.append,
      rowArrays: [(rows, "band_telling[]"), (Self.log(commands, of: shard, now), "command_log[]")],
      [parameter, .int4(Int32(commands.count))])
    let instruments = instructions.map(\.instrument)
    let answer = try await within(leadership) { [days] (connection) throws(PostgresError) -> PostgresRows? in
      _ = try connection.query(PostgresCall(MarketDayStatements.lockLog, [parameter]))
      let waiting = WaitingInstructions(shard: shard, instruments: instruments)
      return try waiting.areThere(days, &connection) ? nil : try connection.query(append)
    }
    return Self.outcome(answer.map { ($0.rows.map { [$0] } ?? [], $0.timeline) }, commands, of: shard, now)
  }

  public func pause(_ pause: BandDecisions.Pause, within leadership: Leadership) async throws(StoreError) -> Bool? {
    let call = PostgresCall(
      BandStatements.pause,
      [
        .int4(pause.instrument.rawValue), .timestamp(microseconds: pause.until.rawValue), .text(pause.reason),
      ])
    return try await within(leadership, [call]).map { $0.rows[0].int8(0, 0) > 0 }
  }

  public func resume(
    _ instruments: [InstrumentID], of shard: Shard, within leadership: Leadership
  ) async throws(StoreError) -> Bool {
    let call = PostgresCall(BandStatements.resume, [.int4Array(instruments.map(\.rawValue))])
    return try await within(leadership, [call]) != nil
  }
}
