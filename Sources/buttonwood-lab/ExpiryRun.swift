internal import Accounting
internal import LabKit
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore

/// One run of `bench expiry`, step by step.
struct ExpiryRun {
  /// Orders accepted in one transaction.
  private static let batch = 500
  /// How long a stage, or the settlement of what was filled in, may take.
  private static let patience = Duration.seconds(1_800)

  private let options: ExpiryBench.Options
  private let ledger: SystemLedger
  private let market: MarketAdministration
  private let keys: [TradingKey]

  init(_ options: ExpiryBench.Options) throws(TradingKeyError) {
    self.options = options
    ledger = SystemLedger(url: options.url)
    market = MarketAdministration(
      session: PostgresSession(StoreSettings.ledger(url: options.url, role: "lab"), name: "market"))
    keys = try TradingKey.load(options.load.keys)
  }

  func run() async throws -> ExpiryReport {
    let own = try await ledger.numbers(of: keys.map(\.account)).compactMap(\.self)
    guard own.count == keys.count, own.count > 1 else {
      throw TradingClientError.cannotStart(
        "the ledger does not have the accounts of \(options.load.keys), two at least")
    }
    let world = try await ExpiryWorld(options, alsoFor: own, ledger)
    try await come(to: .open)
    tell("filling in \(options.orders) orders")
    try await fill(world)
    guard await ledger.drain(atMost: Self.patience) else { throw ExpiryFault.notSettled }
    tell("closing")
    return try await close(world, own)
  }

  private func tell(_ text: String) { Console.write("\(text)\n", to: .error) }

  private func come(to stage: SessionStage) async throws {
    let today = NewYorkTime.day(at: Self.now)
    let target = try await market.aim(at: stage, today: today).target
    let deadline = ContinuousClock.now + Self.patience
    while true {
      let status = try await market.status()
      if status.arrived(at: target) == status.instruments { return }
      guard ContinuousClock.now < deadline else { throw ExpiryFault.notThere(target) }
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  // MARK: Filling

  private func fill(_ world: ExpiryWorld) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for part in 0..<ExpiryWorld.parts {
        group.addTask { try await fill(world.part(part), seed: UInt64(part + 1)) }
      }
      try await group.waitForAll()
    }
  }

  private func fill(_ part: ExpiryWorld.Part, seed: UInt64) async throws {
    let session = PostgresSession(StoreSettings.ledger(url: options.url, role: "lab"), name: "fill-\(seed)")
    let entry = PostgresEntryLedger(session: session)
    var random = SplitMix(seed: seed)
    var left = options.orders / ExpiryWorld.parts + (seed == 1 ? options.orders % ExpiryWorld.parts : 0)
    while left > 0 {
      let count = min(left, Self.batch)
      let requests = (0..<count).map { _ in EntryRequest.place(part.request(&random)) }
      let accepted = try await entry.accept(requests, now: Self.now)
      guard accepted.entries.count == count else { throw ExpiryFault.refused }
      left -= count
    }
  }

  // MARK: Closing

  private func close(_ world: ExpiryWorld, _ own: [AccountNumber]) async throws -> ExpiryReport {
    var load = options.load
    load.symbols = world.symbolOfEachShard
    load.duration = Self.patience
    load.mix = LoadPlan.Mix(marketable: 0, cancels: 40)
    let isCleared = Lock(false)
    let (keys, probe) = (keys, load)
    let begun = Self.now
    async let measured = probe.run(keys: keys) { isCleared.withLock { $0 } || Interrupt.isRequested }
    do {
      defer { isCleared.withLock { $0 = true } }
      try await come(to: .closed)
    }
    let cleared = Self.now
    let result = try await measured
    guard await ledger.drain(atMost: Self.patience) else { throw ExpiryFault.notSettled }
    let ends = try await ends(since: begun)
    let delays = try await delays(of: own, since: begun, until: ends.last)
    return ExpiryReport(
      expired: ends.count, left: ends.left, expiryTime: ends.last.microseconds(since: begun),
      clearingTime: cleared.microseconds(since: begun), settled: delays.count, delays: delays.microseconds,
      isExact: delays.isExact, load: result)
  }

  /// How many orders expired, when the last did, and how many should have and did not.
  private func ends(since begun: Timestamp) async throws -> (count: Int64, last: Timestamp, left: Int64) {
    let rows = try await ask(
      "expiry_ends",
      """
      SELECT count(*), coalesce(max(occurred_at), $1::timestamptz),
        (SELECT count(*) FROM orders o JOIN session_steps s USING (instrument_id)
          WHERE o.is_open AND o.time_in_force = \(TimeInForce.day.rawValue) AND o.sequence <= s.closed_sequence)
      FROM order_events WHERE kind = \(OrderEvent.Kind.expired.rawValue) AND occurred_at >= $1::timestamptz
      """, [.timestamp(microseconds: begun.rawValue)])
    return (rows.int8(0, 0), Timestamp(rawValue: rows.timestamp(0, 1)), rows.int8(0, 2))
  }

  /// Microseconds from acceptance to settlement of what accounts asked for in a span of time.
  private func delays(
    of accounts: [AccountNumber], since begun: Timestamp, until end: Timestamp
  ) async throws -> (count: Int64, microseconds: [Int64], isExact: Bool) {
    let isExact =
      try await ledger.query("SELECT (current_setting('track_commit_timestamp') = 'on')::int::bigint").int8(0, 0) == 1
    let span =
      isExact
      ? "pg_xact_commit_timestamp(e.xmin) - pg_xact_commit_timestamp(l.xmin)" : "e.occurred_at - l.accepted_at"
    let rows = try await ask(
      "expiry_delays",
      """
      SELECT count(*), percentile_disc(ARRAY[0.5, 0.9, 0.99, 0.999, 1.0]) WITHIN GROUP (
        ORDER BY (extract(epoch FROM \(span)) * 1000000)::bigint)::text
      FROM command_log l JOIN order_events e ON e.shard = l.shard AND e.sequence = l.sequence AND e.ordinal = 0
      WHERE l.accepted_at BETWEEN $1::timestamptz AND $2::timestamptz AND l.account_id = ANY ($3::bigint[])
      """,
      [
        .timestamp(microseconds: begun.rawValue), .timestamp(microseconds: end.rawValue),
        .int8Array(accounts.map(\.rawValue)),
      ])
    let values =
      rows.isNull(0, 1) ? [] : rows.text(0, 1).dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
    return (rows.int8(0, 0), values, isExact)
  }

  private func ask(_ name: String, _ sql: String, _ parameters: [PostgresParameter]) async throws -> PostgresRows {
    try await ledger.session.use { (connection) throws(PostgresError) in
      try connection.query(PostgresCall(.init(name, sql), parameters))
    }
  }

  private static var now: Timestamp { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }
}

/// Why a run cannot go on.
enum ExpiryFault: Error, CustomStringConvertible {
  case notSettled
  case notThere(SessionPoint)
  case refused

  var description: String {
    switch self {
    case .notSettled: "what was accepted is not settled: do workers run?"
    case .notThere(let point): "the market does not come to \(point): do workers run with --market-clock manual?"
    case .refused: "orders were refused; the bench wants a system of its own"
    }
  }
}
