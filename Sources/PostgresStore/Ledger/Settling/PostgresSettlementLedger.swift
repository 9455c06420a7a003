public import Accounting
internal import Lifecycle
public import Market
public import Ports
public import Postgres
public import Sharding

/// Claiming, recovering and settling in PostgreSQL.
public struct PostgresSettlementLedger: SettlementLedger {
  /// Pages of a book that are read over the connection that everything else goes over.
  private static let shallowPages = 4

  private let session: PostgresSession
  private let deepSession: PostgresSession?
  private let halfSession: PostgresSession?
  private let days = DayTables()
  private let sessionGuard: SessionGuard?
  private let onProgress: @Sendable () -> Void
  /// The restoration that settlements were last seen to be of.
  private let restoration = Lock<Int64?>(nil)

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameters:
  ///   - deepSession: For books that are long to read; nil to read them over `session` as well.
  ///   - halfSession: For the second half of such a book, at the same time; nil to read it over `deepSession`.
  ///   - onProgress: Called whenever a statement of a settlement has been carried out: one may have very many.
  ///   - sessionGuard: Called when a lock was waited for in vain, or kept a shard from being claimed.
  public init(
    session: PostgresSession, deepSession: PostgresSession? = nil, halfSession: PostgresSession? = nil,
    sessionGuard: SessionGuard? = nil, onProgress: @escaping @Sendable () -> Void = {}
  ) {
    self.onProgress = onProgress
    self.session = session
    self.deepSession = deepSession
    self.halfSession = halfSession
    self.sessionGuard = sessionGuard
  }

  public func claim(
    _ nonces: [Shard: UInt64], owner: WorkerID
  ) async throws(StoreError) -> [Shard: Ownership] {
    let shards = nonces.keys.sorted()
    let claim = PostgresCall(
      SettlingStatements.claim,
      [
        .int2Array(shards.map(\.rawValue)), .int8Array(shards.map { Int64(bitPattern: nonces[$0]!) }),
        .text(owner.rawValue),
      ])
    // Behind the claim's row locks, which "buttonwood restored" takes as well: who holds the epoch knows the history.
    let (answers, timeline) = try await runWithHistory([claim, PostgresCall(RestorationStatements.read)], at: 1)
    let rows = answers[0]
    var ownerships: [Shard: Ownership] = [:]
    for row in 0..<rows.count {
      let shard = Shard(rawValue: rows.int2(row, 0))
      ownerships[shard] = Ownership(
        shard: shard, epoch: Epoch(rawValue: rows.int8(row, 1)), nonce: nonces[shard]!,
        processed: Sequence(rawValue: rows.int8(row, 2)), timeline: timeline,
        settledAt: Timestamp(rawValue: rows.timestamp(row, 3)))
    }
    // A shard that an earlier owner's commit holds is left out; that owner may have stopped in the middle of it.
    if ownerships.count < nonces.count { await sessionGuard?.end(over: session) }
    return ownerships
  }

  public func stillOwned(among ownerships: [Ownership]) async throws(StoreError) -> Set<Shard> {
    let rows = try await query(
      PostgresCall(
        SettlingStatements.standingAmong,
        [
          .int2Array(ownerships.map(\.shard.rawValue)), .int8Array(ownerships.map(\.epoch.rawValue)),
          .int8Array(ownerships.map { Int64(bitPattern: $0.nonce) }),
        ]))
    return Set((0..<rows.count).map { Shard(rawValue: rows.int2($0, 0)) })
  }

  /// Each shard in a snapshot of its own. A deep book is read over a connection of its own, so that whoever asks for other
  /// shards meanwhile waits for a few pages at most.
  public func books(of shards: [Shard]) async throws(StoreError) -> [ShardBook] {
    var books: [ShardBook] = []
    for shard in shards.sorted() {
      if let book = try await book(of: shard) { books.append(book) }
    }
    return books
  }

  private func book(of shard: Shard) async throws(StoreError) -> ShardBook? {
    do {
      var reading = BookReading(shard: shard, pages: deepSession == nil ? nil : Self.shallowPages)
      for session in [session, deepSession].compactMap(\.self) {
        let ending = try await session.use { [reading] (connection) throws(PostgresError) in
          try reading.run(&connection)
        }
        switch ending {
        case .book(let found): return try await found.whole()
        case .none: return nil
        case .tooLong: (reading.pages, reading.secondHalf) = (nil, halfSession)
        }
      }
      return nil
    } catch {
      throw StoreError(error)
    }
  }

  public func processedLog(
    of shard: Shard, after sequence: Sequence, limit: Int
  ) async throws(StoreError) -> [ProcessedEntry] {
    try await read(LogReading(shard: shard, cursor: sequence, limit: limit, bound: .processed)) {
      (answer, row) throws(PostgresError) in
      ProcessedEntry(try LogColumns.read(answer, row), isQuarantined: answer.bool(row, LogColumns.count))
    }
  }

  public func attempts(of ownership: Ownership) async throws(StoreError) -> ShardAttempts {
    let shard = PostgresParameter.int2(ownership.shard.rawValue)
    let (processed, next) = (ownership.processed.rawValue, ownership.processed.next.rawValue)
    let answers = try await run([
      PostgresCall(SettlingStatements.attempts, [shard, .int8(next)]),
      PostgresCall(SettlingStatements.quarantined, [shard, .int8(processed)]),
    ])
    let rows = answers[0]
    guard rows.count == 1 else { throw .fault(reason: "shard \(ownership.shard) has no log") }
    var attempts = ShardAttempts(last: Sequence(rawValue: rows.int8(0, 0)))
    if !rows.isNull(0, 1) {
      attempts.claims = Int(rows.int4(0, 1))
      attempts.tries = Int(rows.int4(0, 2))
      attempts.reason = rows.isNull(0, 3) ? nil : rows.text(0, 3)
    }
    attempts.quarantined = (0..<answers[1].count).map { Sequence(rawValue: answers[1].int8($0, 0)) }
    return attempts
  }

  public func recordAttempt(of sequence: Sequence, by ownership: Ownership) async throws(StoreError) -> Int? {
    let rows = try await query(
      PostgresCall(
        SettlingStatements.recordAttempt,
        [
          .int2(ownership.shard.rawValue), .int8(ownership.epoch.rawValue), .int8(Int64(bitPattern: ownership.nonce)),
          .int8(sequence.rawValue),
        ]))
    return rows.count == 1 ? Int(rows.int4(0, 0)) : nil
  }

  public func noteFailure(of sequence: Sequence, in shard: Shard, reason: String) async throws(StoreError) {
    _ = try await query(
      PostgresCall(
        SettlingStatements.noteFailure, [.int2(shard.rawValue), .int8(sequence.rawValue), .text(reason)]))
  }

  public func withdrawTry(of sequence: Sequence, in shard: Shard) async throws(StoreError) {
    _ = try await query(
      PostgresCall(SettlingStatements.withdrawTry, [.int2(shard.rawValue), .int8(sequence.rawValue)]))
  }

  public func log(of shard: Shard, after sequence: Sequence, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await read(LogReading(shard: shard, cursor: sequence, limit: limit, bound: .last), LogColumns.read)
  }

  private func read<Entry: Sendable>(
    _ reading: LogReading, _ entry: @Sendable (PostgresRows, Int) throws(PostgresError) -> Entry
  ) async throws(StoreError) -> [Entry] {
    let run: LogReading.Run
    do {
      run = try await session.use { [days] (connection) throws(PostgresError) in try reading.run(days, &connection) }
    } catch {
      throw StoreError(error)
    }
    switch run {
    case .rows(let rows):
      var entries: [Entry] = []
      entries.reserveCapacity(rows.count)
      for row in rows {
        entries.append(try readable { () throws(PostgresError) in try entry(row.answer, row.row) })
      }
      return entries
    case .missing(let sequence, let through):
      throw .fault(
        reason:
          "the log of shard \(reading.shard) has no row \(sequence) in any day's table, though it was accepted up "
          + "to \(through); run \"buttonwood audit\"")
    }
  }

  public func timeline() async throws(StoreError) -> DatabaseTimeline {
    do {
      return try await session.use { (connection) throws(PostgresError) in try DatabaseTimeline(&connection) }
    } catch {
      throw StoreError(error)
    }
  }

  public func logEnds(of shards: [Shard]) async throws(StoreError) -> LogEnds {
    let ends = PostgresCall(SettlingStatements.lastSequences, [.int2Array(shards.map(\.rawValue))])
    let (answers, timeline) = try await runWithHistory([ends, PostgresCall(RestorationStatements.read)], at: 1)
    let rows = answers[0]
    return LogEnds(
      timeline: timeline,
      sequences: Dictionary(
        uniqueKeysWithValues: (0..<rows.count).map {
          (Shard(rawValue: rows.int2($0, 0)), Sequence(rawValue: rows.int8($0, 1)))
        }))
  }

  public func settle(_ commits: [ShardCommit], at now: Timestamp) async throws(StoreError) -> SettleOutcome {
    let calls = SettlingTransaction(commits: commits, now: now).calls
    onProgress()
    do {
      return try await session.use { [restoration, onProgress] (connection) throws(PostgresError) in
        if let other = try Self.otherTimeline(than: commits, &connection, restoration) { return .failedOver(to: other) }
        _ = try connection.pipeline(calls, onAnswer: onProgress)
        return .committed
      }
    } catch .server(state: "BW001", let message) {
      return .fenced(Shard(rawValue: Int16(message) ?? -1))
    } catch .server(state: "BW003", let message) {
      return .beyondLog(Shard(rawValue: Int16(message) ?? -1))
    } catch {
      if error.isLockTimeout { await sessionGuard?.end(over: session) }
      throw StoreError(settling: error)
    }
  }

  /// The history that the connection writes to, when a commit is of another.
  ///
  /// The restoration is asked for only when the one remembered does not fit: who renews it takes all shards from their owners,
  /// so a commit of before is fenced in any case.
  private static func otherTimeline(
    than commits: [ShardCommit], _ connection: inout PostgresConnection, _ remembered: Lock<Int64?>
  ) throws(PostgresError) -> DatabaseTimeline? {
    guard let server = try connection.timeline() else { return .unnamed }
    func isOf(_ timeline: DatabaseTimeline) -> Bool { commits.allSatisfy { $0.ownership.timeline == timeline } }
    if let restoration = remembered.withLock({ $0 }), isOf(DatabaseTimeline(server, restoration: restoration)) {
      return nil
    }
    let rows = try connection.query(PostgresCall(RestorationStatements.read))
    let timeline = DatabaseTimeline(server, restoration: rows.int8(0, 0))
    remembered.withLock { $0 = rows.int8(0, 0) }
    return isOf(timeline) ? nil : timeline
  }

  /// - Parameter place: Which of the calls reads the restoration, in their transaction.
  private func runWithHistory(
    _ calls: [PostgresCall], at place: Int
  ) async throws(StoreError) -> (answers: [PostgresRows], timeline: DatabaseTimeline) {
    do {
      return try await session.use { (connection) throws(PostgresError) in
        let server = try connection.timeline()
        do throws(PostgresError) {
          let answers = try connection.pipeline(calls)
          let timeline = server.map { DatabaseTimeline($0, restoration: answers[place].int8(0, 0)) } ?? .unnamed
          return (answers, timeline)
        } catch {
          throw connection.rolledBack(after: error)
        }
      }
    } catch {
      throw StoreError(error)
    }
  }

  private func query(_ call: PostgresCall) async throws(StoreError) -> PostgresRows { try await run([call])[0] }

  private func run(_ calls: [PostgresCall]) async throws(StoreError) -> [PostgresRows] {
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls) }
    } catch {
      throw StoreError(error)
    }
  }
}
