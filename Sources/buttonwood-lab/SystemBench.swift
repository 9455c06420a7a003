internal import Glibc
internal import LabKit
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore

/// `bench system`: orders over HTTP through gateway and workers to settled, with the lag watched, PostgreSQL's CPU time
/// counted and the floor measured in the same run.
enum SystemBench {
  private struct Options {
    var url: String
    var floorURL: String?
    var gateways: [Int]
    var load: SystemLoadOptions
    var json: Bool

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench system",
        """
        Puts a load on a running system and tells what was accepted and settled, how long both took, how the lag grew, \
        and what it cost PostgreSQL, also as a ratio to the floor: COPY of the same kinds of rows, batches of 256.

        Times from acceptance to settlement are exact where PostgreSQL runs with track_commit_timestamp; otherwise they \
        leave out the settling commit itself.
        """, arguments)
      url = line.requiredText(
        "database-url", "URL", variable: .named("DATABASE_URL"), help: "The system's database, as libpq takes it.")
      floorURL = line.optionalText(
        "floor-database-url", "URL", variable: .none,
        help: "A migrated scratch database on the same server, to measure the floor in.")
      gateways = line.processNumbers(
        "gateway-pids", help: "The gateways' processes on this machine, whose CPU time is counted.")
      load = SystemLoadOptions(&line)
      json = line.flag("json", help: "Prints JSON.")
      try line.finish()
    }
  }

  static func run(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    do {
      let keys = try TradingKey.load(options.load.keys)
      let ledger = SystemLedger(url: options.url)
      // Unmeasured: statements are prepared and pages warm before anything is counted.
      var warmUp = options.load
      warmUp.duration = min(.seconds(2), options.load.duration)
      _ = try await warmUp.run(keys: keys)
      _ = await ledger.drain(atMost: .seconds(60))
      let start = try await ledger.mark()
      let before = ProcessorTime.microseconds(of: options.gateways)
      let watch = Task { await ledger.watchLags() }
      let result = try await options.load.run(keys: keys)
      watch.cancel()
      let gatewayTime = before.flatMap { before in
        ProcessorTime.microseconds(of: options.gateways).map { $0 - before }
      }
      let lags = await watch.value
      let drained = await ledger.drain(atMost: .seconds(60))
      let settled = try await ledger.measure(since: start)
      let commands = max(1, settled.commands)
      let cost = Double(settled.cpu - start.cpu) / 1_000 / Double(commands)
      let floor = try await options.floorURL.asyncMap { try await LedgerBench.floor(url: $0) }
      print(options, result, settled, lags: lags, drained: drained, cost: cost, floor: floor, gatewayTime: gatewayTime)
      return drained && result.errors == 0 && result.unanswered == 0 ? 0 : 1
    } catch {
      Console.write("buttonwood-lab bench system: \(error)\n", to: .error)
      return 1
    }
  }

  private static func print(
    _ options: Options, _ result: SystemLoadResult, _ settled: SystemLedger.Measurement, lags: [Int64], drained: Bool,
    cost: Double, floor: Double?, gatewayTime: Int64?
  ) {
    // What one core would serve if gateways did nothing but this.
    let perCore = gatewayTime.map { Int64(result.served) * 1_000_000 / max(1, $0) }
    let third = max(1, lags.count / 3)
    let (early, late) = (lags.prefix(third).max() ?? 0, lags.suffix(third).max() ?? 0)
    let names = ["p50", "p90", "p99", "p99.9", "max"]
    if options.json {
      let settle = zip(["p50", "p90", "p99", "p999", "max"], settled.microseconds).map { ($0, JSONText.integer($1)) }
      let text = JSONText.object([
        ("bench", .string("system")), ("load", result.json), ("accept_to_settled_us", .object(settle)),
        ("includes_settling_commit", .bool(settled.isExact)), ("settled_commands", .integer(settled.commands)),
        ("largest_lag_first_third", .integer(early)), ("largest_lag_last_third", .integer(late)),
        ("drained", .bool(drained)), ("server_cpu_us_per_command_x10", .integer(Int64((cost * 10).rounded()))),
        ("gateway_cpu_us", gatewayTime.map { .integer($0) } ?? .null),
        ("requests_per_second_per_gateway_core", perCore.map { .integer($0) } ?? .null),
        ("floor_cpu_us_per_order_x10", floor.map { .integer(Int64(($0 * 10).rounded())) } ?? .null),
      ]).text
      Console.write(text + "\n")
      return
    }
    var table = TextTable([.left("accepted to settled\(settled.isExact ? "" : ", without the commit")"), .right("")])
    for (name, value) in zip(names, settled.microseconds) { table.add([name, SpanLabel.text(value * 1000)]) }
    table.add(["commands settled", "\(settled.commands)"])
    table.add(["largest lag, first third of the run", "\(early)"])
    table.add(["largest lag, last third of the run", "\(late)"])
    table.add(["PostgreSQL CPU µs/command", "\(Int(cost.rounded()))"])
    if let perCore { table.add(["requests/s per core of gateway", "\(perCore)"]) }
    if let floor {
      table.add(["floor, µs/order", "\(Int(floor.rounded()))"])
      table.add(["ratio", "\(LedgerBench.tenths(cost / max(0.001, floor)))"])
    }
    Console.write(result.text + "\n" + table.text)
  }
}

extension CommandLineOptions {
  /// Reads the numbers of processes, none when they are not given.
  mutating func processNumbers(_ name: String, help: String) -> [Int] {
    optional(name, "N,N,…", variable: .none, expected: "process numbers joined by commas", help: help) { text in
      let numbers = text.split(separator: ",").map { Int($0) }
      return numbers.isEmpty || numbers.contains(nil) ? nil : numbers.compactMap { $0 }
    } ?? []
  }
}

extension Optional {
  /// What `transform` makes of the value, if there is one.
  fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async throws -> Result? {
    switch self {
    case .some(let value): return try await transform(value)
    case .none: return nil
    }
  }
}

/// What the database tells of a run.
struct SystemLedger {
  /// A moment: log positions and CPU time used so far.
  struct Mark {
    var time: Timestamp
    var cpu: Int64
  }

  /// What happened since a mark.
  struct Measurement {
    var commands: Int64
    var microseconds: [Int64]
    var isExact: Bool
    var cpu: Int64
  }

  let session: PostgresSession
  private let reader: PostgresAccountReader

  init(url: String) {
    session = PostgresSession(StoreSettings.analysis(url: url, role: "lab"), name: "lab")
    reader = PostgresAccountReader(
      pool: PostgresPool([
        PostgresSession(StoreSettings.ledger(url: url, role: "lab"), name: "lab-read")
      ]))
  }

  func mark() async throws -> Mark {
    Mark(time: Timestamp(rawValue: HostClock.microsecondsSinceEpoch()), cpu: try await serverCPU())
  }

  /// How far behind the shards are; nil, with a word to whoever measures, when that cannot be read.
  private func shardLags() async -> [Shard: ShardLag]? {
    do throws(StoreError) { return try await reader.lags() } catch {
      Console.write("the shards' lags cannot be read: \(error)\n", to: .error)
      return nil
    }
  }

  /// The sum of all shards' lags, twice a second, until canceled.
  func watchLags() async -> [Int64] {
    var lags: [Int64] = []
    while !Task.isCancelled {
      if let all = await shardLags() { lags.append(all.values.reduce(0) { $0 + $1.commands }) }
      try? await Task.sleep(for: .milliseconds(500))
    }
    return lags
  }

  /// Waits until everything accepted is settled; whether that came about.
  func drain(atMost limit: Duration) async -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      if let all = await shardLags(), all.values.allSatisfy({ $0.commands == 0 }) { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  func measure(since start: Mark) async throws -> Measurement {
    let cpu = try await serverCPU()
    let exact =
      try await query("SELECT (current_setting('track_commit_timestamp') = 'on')::int::bigint").int8(0, 0) == 1
    let span =
      exact
      ? "pg_xact_commit_timestamp(e.xmin) - pg_xact_commit_timestamp(l.xmin)" : "e.occurred_at - l.accepted_at"
    let rows = try await session.use { (connection) throws(PostgresError) in
      try connection.query(
        PostgresCall(
          .init(
            "system_latency",
            """
            SELECT count(*), percentile_disc(ARRAY[0.5, 0.9, 0.99, 0.999, 1.0]) WITHIN GROUP (
              ORDER BY (extract(epoch FROM \(span)) * 1000000)::bigint)::text
            FROM command_log l JOIN order_events e
              ON e.shard = l.shard AND e.sequence = l.sequence AND e.ordinal = 0 AND e.occurred_at >= $1::timestamptz
            WHERE l.accepted_at >= $1::timestamptz
            """), [.timestamp(microseconds: start.time.rawValue)]))
    }
    let values =
      rows.isNull(0, 1) ? [] : rows.text(0, 1).dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
    return Measurement(commands: rows.int8(0, 0), microseconds: values, isExact: exact, cpu: cpu)
  }

  /// CPU nanoseconds of the server processes behind the system's connections (on this machine).
  private func serverCPU() async throws -> Int64 {
    let rows = try await query("SELECT pid::bigint FROM pg_stat_activity WHERE application_name LIKE 'buttonwood-%'")
    return (0..<rows.count).reduce(0) { sum, row in
      let text = SmallFile.text("/proc/\(rows.int8(row, 0))/schedstat", limit: 256)
      return sum + (text?.split(separator: " ").first.flatMap { Int64($0) } ?? 0)
    }
  }

  func query(_ sql: String) async throws -> PostgresRows {
    try await session.use { (connection) throws(PostgresError) in
      try connection.query(PostgresCall(.init("lab_\(sql.hashValue)", sql)))
    }
  }
}
