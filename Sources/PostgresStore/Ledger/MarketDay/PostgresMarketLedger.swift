public import Market
public import Ports
public import Postgres
public import Sharding

/// The market's clock and what instruments have been told, in PostgreSQL.
public struct PostgresMarketLedger: MarketLedger {
  private let session: PostgresSession
  let days = DayTables()

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func clock() async throws(LedgerError) -> MarketClockReading {
    let answers = try await run([PostgresCall(MarketDayStatements.clock), PostgresCall(CalendarStatements.list)])
    return MarketClockReading(
      record: try readable { () throws(PostgresError) in try MarketClockRows.record(answers[0]) },
      calendar: CalendarRows.calendar(answers[1]))
  }

  public func latestTold() async throws(LedgerError) -> SessionPoint? {
    let rows = try await run([PostgresCall(MarketDayStatements.latestTold)])[0]
    guard rows.count > 0 else { return nil }
    return try readable { () throws(PostgresError) in try MarketClockRows.point(rows, 0, 0) }
  }

  public func remember(
    _ record: MarketClockRecord, insteadOf read: MarketClockRecord, within leadership: Leadership
  ) async throws(LedgerError) -> Bool {
    let time = record.simulation
    let call = PostgresCall(
      MarketDayStatements.remember,
      [record.mode.map { .text($0.rawValue) } ?? .null] + MarketClockRows.parameters(record.target)
        + [
          time.map { .timestamp(microseconds: $0.startedAt.rawValue) } ?? .null,
          time.map { .timestamp(microseconds: $0.marketStart.rawValue) } ?? .null,
          time.map { .int4(Int32($0.speed)) } ?? .null,
        ] + MarketClockRows.parameters(read.target))
    return try await within(leadership, [call]) != nil
  }

  public func behind(_ goal: MarketDirector.Goal) async throws(LedgerError) -> [InstrumentStanding] {
    let target: SessionPoint? = if case .at(let point) = goal { point } else { nil }
    let rows = try await run([
      PostgresCall(MarketDayStatements.behind, MarketClockRows.parameters(target))
    ])[0]
    return try rows.map { (row) throws(PostgresError) in
      var told: InstrumentStanding.Told?
      if let point = try MarketClockRows.point(rows, row, 3) {
        told = .init(
          point: point, sequence: Sequence(rawValue: rows.int8(row, 5)),
          closedSequence: Sequence(rawValue: rows.int8(row, 6)), isCleared: rows.bool(row, 7),
          isCloseHeld: rows.bool(row, 8))
      }
      return InstrumentStanding(
        InstrumentID(rawValue: rows.int4(row, 0)), shard: Shard(rawValue: rows.int2(row, 1)), told: told,
        processed: Sequence(rawValue: rows.int8(row, 2)), isCrossing: rows.bool(row, 9),
        reference: rows.isNull(row, 10) ? nil : Price(rawValue: rows.int8(row, 10)))
    }
  }

  public func dueOrders(
    of standings: [InstrumentStanding], untilCancelledBefore moment: Timestamp
  ) async throws(LedgerError) -> [InstrumentID: DueOrders] {
    guard !standings.isEmpty else { return [:] }
    let rows = try await run([
      PostgresCall(
        MarketDayStatements.due,
        [
          .int2Array(Set(standings.map(\.shard.rawValue)).sorted()), .int4Array(standings.map(\.instrument.rawValue)),
          .timestamp(microseconds: moment.rawValue),
        ])
    ])[0]
    var due = Dictionary(uniqueKeysWithValues: standings.map { ($0.instrument, DueOrders(count: 0)) })
    for row in 0..<rows.count {
      due[InstrumentID(rawValue: rows.int4(row, 0))] = DueOrders(
        count: rows.int8(row, 1), untilCancelledThrough: Sequence(rawValue: rows.int8(row, 2)))
    }
    return due
  }

  public func tell(
    _ batch: MarketBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(LedgerError) -> TellOutcome {
    let commands = batch.tellings.flatMap(\.commands)
    let shard = PostgresParameter.int2(batch.shard.rawValue)
    let append = PostgresCall(
      MarketDayStatements.tell,
      rowArrays: [
        (Self.tellings(batch), "session_telling[]"), (Self.log(commands, of: batch.shard, now), "command_log[]"),
      ],
      [shard, .int4(Int32(commands.count)), .timestamp(microseconds: now.rawValue)])
    let answers = try await within(leadership, [PostgresCall(MarketDayStatements.lockLog, [shard]), append])
    return Self.outcome(answers, commands, of: batch.shard, now)
  }

  /// What became of rows whose append was the last of a transaction's calls.
  static func outcome(
    _ answers: (rows: [PostgresRows], history: LedgerHistory)?, _ commands: [Command], of shard: Shard, _ now: Timestamp
  ) -> TellOutcome {
    guard let (rows, history) = answers else { return .termEnded }
    guard rows.last?.count == 1, let base = rows.last?.int8(0, 0) else { return .outdated }
    return .told(
      commands.enumerated().map { place, command in
        LogEntry(
          shard: shard, sequence: Sequence(rawValue: base + Int64(place) + 1), acceptedAt: now, command: command,
          history: history)
      })
  }

  private static func tellings(_ batch: MarketBatch) -> RowArray {
    var rows = RowArray(expectedBytes: batch.tellings.count * 80)
    var place: Int64 = 0
    for telling in batch.tellings {
      let first = place
      place += Int64(telling.steps.count + telling.expiries.count)
      let close = telling.steps.lastIndex { $0.stage == .closed }.map { first + Int64($0) + 1 }
      rows.append {
        $0.int4(telling.instrument.rawValue)
        if let seen = telling.seen { $0.int8(seen.rawValue) } else { $0.null(.int8) }
        if let point = telling.steps.last {
          $0.int4(point.day.rawValue)
          $0.int2(Int16(point.stage.rawValue))
        } else {
          $0.null(.int4)
          $0.null(.int2)
        }
        $0.int8(place)
        if let close { $0.int8(close) } else { $0.null(.int8) }
      }
    }
    return rows
  }

  static func log(_ commands: [Command], of shard: Shard, _ now: Timestamp) -> RowArray {
    var rows = RowArray(expectedBytes: commands.count * 250)
    for (index, command) in commands.enumerated() {
      rows.append { LogColumns.write(command, shard: shard, place: Int64(index) + 1, at: now, to: &$0) }
    }
    return rows
  }

  public func clear(_ standings: [InstrumentStanding], within leadership: Leadership) async throws(LedgerError) -> Bool
  {
    let told = standings.compactMap { standing in standing.told.map { (standing.instrument, $0.sequence) } }
    guard !told.isEmpty else { return true }
    let call = PostgresCall(
      MarketDayStatements.clear, [.int4Array(told.map(\.0.rawValue)), .int8Array(told.map(\.1.rawValue))])
    return try await within(leadership, [call]) != nil
  }

  // MARK: Transactions

  func run(_ calls: [PostgresCall]) async throws(LedgerError) -> [PostgresRows] {
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls) }
    } catch {
      throw LedgerError(error)
    }
  }

  /// Runs calls in one transaction of the term, in one flush.
  /// - Returns: What they answer; nil when the term has ended.
  func within(
    _ leadership: Leadership, _ calls: [PostgresCall]
  ) async throws(LedgerError) -> (rows: [PostgresRows], history: LedgerHistory)? {
    let hold = PostgresCall(
      MarketDayStatements.holdTerm, [.int8(leadership.term.rawValue), .int8(Int64(bitPattern: leadership.nonce))])
    do {
      return try await session.use { (connection) throws(PostgresError) in
        let server = try connection.history()
        var rows = try connection.pipeline([hold, PostgresCall(RestorationStatements.read)] + calls)
        let history = server.map { LedgerHistory($0, restoration: rows[1].int8(0, 0)) } ?? .unnamed
        rows.removeFirst(2)
        return (rows, history)
      }
    } catch .server(state: "BW002", _) {
      return nil
    } catch {
      throw LedgerError(error)
    }
  }

  /// Runs questions whose answers decide what comes next in one transaction of the term.
  /// - Returns: What comes of it; nil when the term has ended.
  func within<Answer: Sendable>(
    _ leadership: Leadership, _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Answer
  ) async throws(LedgerError) -> (rows: Answer, history: LedgerHistory)? {
    let hold = PostgresCall(
      MarketDayStatements.holdTerm, [.int8(leadership.term.rawValue), .int8(Int64(bitPattern: leadership.nonce))])
    do {
      return try await session.use { [days] (connection) throws(PostgresError) in
        let history = try LedgerHistory(&connection)
        do throws(PostgresError) {
          _ = try connection.pipeline([PostgresCall(MarketDayStatements.begin), hold])
          let answer = try body(&connection)
          try connection.execute("COMMIT")
          return (answer, history)
        } catch {
          if error.isMissingTable { days.forget() }
          throw connection.rolledBack(after: error)
        }
      }
    } catch .server(state: "BW002", _) {
      return nil
    } catch {
      throw LedgerError(error)
    }
  }
}
