internal import Accounting
internal import LabKit
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore

/// What runs over a stage of a manual market share: they fill in orders by real acceptance, have the market come to a stage
/// under a load, and tell how long that load's requests waited for their settlement.
struct MarketRun {
  /// Orders accepted in one transaction.
  private static let batch = 500
  /// How long a stage, or the settlement of what was filled in, may take.
  private static let patience = Duration.seconds(1_800)

  let ledger: SystemLedger
  private let url: String
  private let load: SystemLoadOptions
  private let market: any MarketOperations
  private let keys: [TradingKey]

  init(url: String, load: SystemLoadOptions) throws(TradingKeyError) {
    self.url = url
    self.load = load
    ledger = SystemLedger(url: url)
    market = MarketAdministration(
      session: PostgresSession(StoreSettings.ledger(url: url, role: "lab"), name: "market"))
    keys = try TradingKey.load(load.keys)
  }

  /// The accounts that the load's requests come from: two at least.
  func ownAccounts() async throws -> [AccountNumber] {
    let own = try await ledger.numbers(of: keys.map(\.account)).compactMap(\.self)
    guard own.count == keys.count, own.count > 1 else {
      throw TradingClientError.cannotStart("the ledger does not have the accounts of \(load.keys), two at least")
    }
    return own
  }

  /// Tells a person how far the run is.
  func report(_ text: String) { Console.write("\(text)\n", to: .error) }

  /// Has the market come to a stage of today, and waits until all instruments are there.
  func come(to stage: SessionStage) async throws {
    let target = try await market.aim(at: stage, today: NewYorkTime.day(at: Self.now)).target
    let deadline = ContinuousClock.now + Self.patience
    while true {
      let status = try await market.status()
      if status.arrived(at: target) == status.instruments { return }
      guard ContinuousClock.now < deadline else { throw MarketRunFault.notThere(target) }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Waits until all that was accepted is settled.
  func settleAll() async throws {
    guard await ledger.drain(atMost: Self.patience) else { throw MarketRunFault.notSettled }
  }

  /// Has so many orders accepted, a batch at a time, over a connection of its own.
  /// - Parameter request: Makes the next order.
  func fill(_ count: Int, seed: UInt64, _ request: (inout SplitMix) -> PlaceRequest) async throws {
    let session = PostgresSession(StoreSettings.ledger(url: url, role: "lab"), name: "fill-\(seed)")
    let entry = PostgresAcceptanceLedger(session: session)
    var random = SplitMix(seed: seed)
    var left = count
    while left > 0 {
      let requests = (0..<min(left, Self.batch)).map { _ in AcceptanceRequest.place(request(&random)) }
      let accepted = try await entry.accept(requests, now: Self.now)
      guard accepted.entries.count == requests.count else { throw MarketRunFault.refused }
      left -= requests.count
    }
  }

  /// Has the market come to a stage while the load runs over some symbols.
  func measure(_ stage: SessionStage, symbols: [Symbol]) async throws -> Stretch {
    var load = load
    load.symbols = symbols
    load.duration = Self.patience
    load.mix = LoadPlan.Mix(marketable: 0, cancels: 40)
    let isOver = Lock(false)
    let (keys, probe) = (keys, load)
    let begun = Self.now
    async let measured = probe.run(keys: keys) { isOver.withLock { $0 } || Interrupt.isRequested }
    do {
      defer { isOver.withLock { $0 = true } }
      try await come(to: stage)
    }
    let over = Self.now
    let result = try await measured
    try await settleAll()
    return Stretch(begun: begun, over: over, load: result)
  }

  /// When a stage was wished for and when it was reached, and the load meanwhile.
  struct Stretch {
    var begun: Timestamp
    var over: Timestamp
    var load: SystemLoadResult
  }

  /// How long what accounts asked for between two moments waited for its settlement.
  func settlements(of accounts: [AccountNumber], in stretch: Stretch, until end: Timestamp) async throws -> Settlements
  {
    let isExact =
      try await ledger.query("SELECT (current_setting('track_commit_timestamp') = 'on')::int::bigint").int8(0, 0) == 1
    let span =
      isExact
      ? "pg_xact_commit_timestamp(e.xmin) - pg_xact_commit_timestamp(l.xmin)" : "e.occurred_at - l.accepted_at"
    let rows = try await ask(
      "run_delays",
      """
      SELECT count(*), percentile_disc(ARRAY[0.5, 0.9, 0.99, 0.999, 1.0]) WITHIN GROUP (
        ORDER BY (extract(epoch FROM \(span)) * 1000000)::bigint)::text
      FROM command_log l JOIN order_events e ON e.shard = l.shard AND e.sequence = l.sequence AND e.ordinal = 0
      WHERE l.accepted_at BETWEEN $1::timestamptz AND $2::timestamptz AND l.account_id = ANY ($3::bigint[])
      """,
      [
        .timestamp(microseconds: stretch.begun.rawValue), .timestamp(microseconds: end.rawValue),
        .int8Array(accounts.map(\.rawValue)),
      ])
    let values =
      rows.isNull(0, 1) ? [] : rows.text(0, 1).dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
    return Settlements(count: rows.int8(0, 0), delays: values, isExact: isExact, load: stretch.load)
  }

  /// Asks the ledger.
  func ask(_ name: String, _ sql: String, _ parameters: [PostgresParameter]) async throws -> PostgresRows {
    try await ledger.session.use { (connection) throws(PostgresError) in
      try connection.query(PostgresCall(.init(name, sql), parameters))
    }
  }

  private static var now: Timestamp { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }
}

/// The load's requests that were settled meanwhile.
struct Settlements {
  var count: Int64
  /// Microseconds from their acceptance to their settlement: p50, p90, p99, p99.9, max.
  var delays: [Int64]
  /// Whether the settling commit is in these.
  var isExact: Bool
  /// What the load measured.
  var load: SystemLoadResult

  /// Whether nobody was sent away.
  var isSound: Bool { load.errors == 0 && load.unanswered == 0 && load.refused == 0 }

  /// As members of a report; `name` is what the count is called.
  func json(_ name: String) -> [(String, JSONText)] {
    [
      (name, .integer(count)),
      (
        "accept_to_settled_us",
        .object(zip(["p50", "p90", "p99", "p999", "max"], delays).map { ($0, .integer($1)) })
      ),
      ("includes_settling_commit", .bool(isExact)), ("load", load.json),
    ]
  }

  /// Adds rows to a report.
  func add(to table: inout TextTable) {
    for (name, delay) in zip(["p50", "p90", "p99", "p99.9", "max"], delays) {
      table.add(["accepted to settled\(isExact ? "" : ", without the commit"), \(name)", SpanLabel.text(delay * 1_000)])
    }
  }
}

/// Why a run cannot go on.
enum MarketRunFault: Error, CustomStringConvertible {
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
