public import Market
public import Ports
public import Postgres
public import Sharding

/// The market's clock and what instruments have been told, in PostgreSQL.
public struct PostgresMarketDayStore: MarketDayStore {
  private let session: PostgresSession
  let days = DayTables()

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func clock() async throws(StoreError) -> MarketClockReading {
    let answers = try await run([PostgresCall(MarketDayStatements.clock), PostgresCall(CalendarStatements.list)])
    return MarketClockReading(
      record: try readable { () throws(PostgresError) in try MarketClockRows.record(answers[0]) },
      calendar: CalendarRows.calendar(answers[1]))
  }

  public func latestInstructed() async throws(StoreError) -> SessionPoint? {
    let rows = try await run([PostgresCall(MarketDayStatements.latestInstructed)])[0]
    guard rows.count > 0 else { return nil }
    return try readable { () throws(PostgresError) in try MarketClockRows.point(rows, 0, 0) }
  }

  public func remember(
    _ record: MarketClockRecord, insteadOf read: MarketClockRecord, within leadership: Leadership
  ) async throws(StoreError) -> Bool {
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

  public func behind(_ goal: MarketDirector.Goal) async throws(StoreError) -> [InstrumentProgress] {
    let target: SessionPoint? = if case .at(let point) = goal { point } else { nil }
    let rows = try await run([
      PostgresCall(MarketDayStatements.behind, MarketClockRows.parameters(target))
    ])[0]
    return try rows.map { (row) throws(PostgresError) in
      var instructed: InstrumentProgress.Instructed?
      if let point = try MarketClockRows.point(rows, row, 3) {
        instructed = .init(
          point: point, sequence: Sequence(rawValue: rows.int8(row, 5)),
          closedSequence: Sequence(rawValue: rows.int8(row, 6)), isCleared: rows.bool(row, 7),
          isCloseHeld: rows.bool(row, 8))
      }
      return InstrumentProgress(
        InstrumentID(rawValue: rows.int4(row, 0)), shard: Shard(rawValue: rows.int2(row, 1)), instructed: instructed,
        processed: Sequence(rawValue: rows.int8(row, 2)), isCrossing: rows.bool(row, 9),
        reference: rows.isNull(row, 10) ? nil : Price(rawValue: rows.int8(row, 10)))
    }
  }

  public func dueOrders(
    of allProgress: [InstrumentProgress], untilCanceledBefore moment: Timestamp
  ) async throws(StoreError) -> [InstrumentID: DueOrders] {
    guard !allProgress.isEmpty else { return [:] }
    let rows = try await run([
      PostgresCall(
        MarketDayStatements.due,
        [
          .int2Array(Set(allProgress.map(\.shard.rawValue)).sorted()),
          .int4Array(allProgress.map(\.instrument.rawValue)),
          .timestamp(microseconds: moment.rawValue),
        ])
    ])[0]
    var due = Dictionary(uniqueKeysWithValues: allProgress.map { ($0.instrument, DueOrders(count: 0)) })
    for row in 0..<rows.count {
      due[InstrumentID(rawValue: rows.int4(row, 0))] = DueOrders(
        count: rows.int8(row, 1), untilCanceledThrough: Sequence(rawValue: rows.int8(row, 2)))
    }
    return due
  }

  public func append(
    _ batch: MarketBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(StoreError) -> AppendOutcome {
    let commands = batch.instructions.flatMap(\.commands)
    let shard = PostgresParameter.int2(batch.shard.rawValue)
    let append = PostgresCall(
      MarketDayStatements.append,
      rowArrays: [
        (Self.instructions(batch), "session_telling[]"), (Self.log(commands, of: batch.shard, now), "command_log[]"),
      ],
      [shard, .int4(Int32(commands.count)), .timestamp(microseconds: now.rawValue)])
    let answers = try await within(leadership, [PostgresCall(MarketDayStatements.lockLog, [shard]), append])
    return Self.outcome(answers, commands, of: batch.shard, now)
  }

  /// What became of rows whose append was the last of a transaction's calls.
  static func outcome(
    _ answers: (rows: [PostgresRows], timeline: DatabaseTimeline)?, _ commands: [Command], of shard: Shard,
    _ now: Timestamp
  ) -> AppendOutcome {
    guard let (rows, timeline) = answers else { return .termEnded }
    guard rows.last?.count == 1, let base = rows.last?.int8(0, 0) else { return .outdated }
    return .appended(
      commands.enumerated().map { place, command in
        LogEntry(
          shard: shard, sequence: Sequence(rawValue: base + Int64(place) + 1), acceptedAt: now, command: command,
          timeline: timeline)
      })
  }

  private static func instructions(_ batch: MarketBatch) -> RowArray {
    var rows = RowArray(expectedBytes: batch.instructions.count * 80)
    var place: Int64 = 0
    for instruction in batch.instructions {
      let first = place
      place += Int64(instruction.steps.count + instruction.expiries.count)
      let close = instruction.steps.lastIndex { $0.stage == .closed }.map { first + Int64($0) + 1 }
      rows.append {
        $0.int4(instruction.instrument.rawValue)
        if let seen = instruction.seen { $0.int8(seen.rawValue) } else { $0.null(.int8) }
        if let point = instruction.steps.last {
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

  public func clear(_ allProgress: [InstrumentProgress], within leadership: Leadership) async throws(StoreError) -> Bool
  {
    let instructed = allProgress.compactMap { progress in progress.instructed.map { (progress.instrument, $0.sequence) }
    }
    guard !instructed.isEmpty else { return true }
    let call = PostgresCall(
      MarketDayStatements.clear, [.int4Array(instructed.map(\.0.rawValue)), .int8Array(instructed.map(\.1.rawValue))])
    return try await within(leadership, [call]) != nil
  }

  // MARK: Transactions

  func run(_ calls: [PostgresCall]) async throws(StoreError) -> [PostgresRows] {
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls) }
    } catch {
      throw StoreError(error)
    }
  }

  /// Runs calls in one transaction of the term, in one flush.
  /// - Returns: What they answer; nil when the term has ended.
  func within(
    _ leadership: Leadership, _ calls: [PostgresCall]
  ) async throws(StoreError) -> (rows: [PostgresRows], timeline: DatabaseTimeline)? {
    let hold = PostgresCall(
      MarketDayStatements.holdTerm, [.int8(leadership.term.rawValue), .int8(Int64(bitPattern: leadership.nonce))])
    do {
      return try await session.use { (connection) throws(PostgresError) in
        let server = try connection.timeline()
        var rows = try connection.pipeline([hold, PostgresCall(RestorationStatements.read)] + calls)
        let timeline = server.map { DatabaseTimeline($0, restoration: rows[1].int8(0, 0)) } ?? .unnamed
        rows.removeFirst(2)
        return (rows, timeline)
      }
    } catch .server(state: "BW002", _) {
      return nil
    } catch {
      throw StoreError(error)
    }
  }

  /// Runs questions whose answers decide what comes next in one transaction of the term.
  /// - Returns: What comes of it; nil when the term has ended.
  func within<Answer: Sendable>(
    _ leadership: Leadership, _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Answer
  ) async throws(StoreError) -> (rows: Answer, timeline: DatabaseTimeline)? {
    let hold = PostgresCall(
      MarketDayStatements.holdTerm, [.int8(leadership.term.rawValue), .int8(Int64(bitPattern: leadership.nonce))])
    do {
      return try await session.use { [days] (connection) throws(PostgresError) in
        let timeline = try DatabaseTimeline(&connection)
        do throws(PostgresError) {
          _ = try connection.pipeline([PostgresCall(MarketDayStatements.begin), hold])
          let answer = try body(&connection)
          try connection.execute("COMMIT")
          return (answer, timeline)
        } catch {
          if error.isMissingTable { days.forget() }
          throw connection.rolledBack(after: error)
        }
      }
    } catch .server(state: "BW002", _) {
      return nil
    } catch {
      throw StoreError(error)
    }
  }
}
