internal import Market
internal import Ports
internal import Sharding

extension FleetHealth {
  /// What is wrong, the worst first: the one judgement behind `status`, the admin endpoint, the console and the metric.
  /// - Parameter standing: Shards with rows to work whose cursor has been seen to stand, with the moment since when.
  func findings(_ limits: FindingLimits, stalledSince: [Shard: Timestamp]) -> [Finding] {
    let all =
      storeFindings + schemaFindings + workerFindings(limits) + lagFindings(limits, stalledSince) + quarantineFindings
      + dayFindings(limits) + haltFindings(limits) + standbyFindings + clockFindings(limits) + ownFindings
    return all.enumerated().sorted { ($0.element.severity, $0.offset) < ($1.element.severity, $1.offset) }
      .map(\.element)
  }

  // MARK: Stores

  private var storeFindings: [Finding] {
    var findings: [Finding] = []
    if let reason = databaseFault {
      findings.append(
        Finding(
          .error, .postgresUnreachable,
          "PostgreSQL does not answer this process, so nothing is accepted or settled from here (\(reason)); look at the "
            + "server, the network and DATABASE_URL"))
    }
    if case .failure(let error) = fleet {
      findings.append(
        Finding(
          .error, .redisUnreachable,
          "Redis does not answer this process: orders are accepted, but come late, and no shard changes hands "
            + "(\(error.reason)); look at the server, the network and REDIS_URL"))
    }
    return findings
  }

  /// Why the database cannot be read; nil when it can, or when the schema alone is to blame.
  private var databaseFault: String? {
    if case .failure(let error) = ledger { return error.description }
    if case .failure(let error) = shards, isSchemaUsable { return error.description }
    return nil
  }

  private var isSchemaUsable: Bool { (try? ledger.get())?.schema.isUsable ?? true }

  private var schemaFindings: [Finding] {
    guard let schema = (try? ledger.get())?.schema, let complaint = schema.complaint else { return [] }
    switch schema {
    case .current: return []
    case .missing: return [Finding(.error, .schemaMissing, complaint)]
    case .behind: return [Finding(.error, .schemaOlder, complaint)]
    case .ahead: return [Finding(.warning, .schemaNewer, complaint)]
    }
  }

  // MARK: Workers and shards

  private func workerFindings(_ limits: FindingLimits) -> [Finding] {
    guard case .success(let fleet) = fleet else { return [] }
    let waiting = (try? shards.get()).map { $0.reduce(0) { $0 + $1.lag.commands } } ?? 0
    let orders = waiting > 0 ? "; \(waiting) accepted commands wait" : ""
    guard !fleet.workers.isEmpty else {
      return [Finding(.error, .noWorker, "no worker runs, so nothing is matched\(orders); start \"buttonwood worker\"")]
    }
    guard fleet.workers.contains(where: { $0.state == .active }) else {
      return [
        Finding(
          .error, .noWorker,
          "all \(fleet.workers.count) workers drain, and none takes shards\(orders); start another, or tell one "
            + "\"buttonwood worker resume ID\"")
      ]
    }
    var findings: [Finding] = []
    if fleet.seat == nil {
      findings.append(
        Finding(
          .error, .noLeader,
          "no worker leads: shards are not balanced, the market day is not directed, and coming days' tables are not "
            + "made; look for elections that fail in the workers' logs",
          grace: limits.takeOver))
    }
    let unowned = ((try? shards.get()) ?? []).map(\.shard).filter { fleet.leases[$0] == nil }
    if !unowned.isEmpty {
      findings.append(
        Finding(
          .error, .shardUnowned,
          "\(Self.naming(unowned)) without an owner: orders for it wait; look for claims that fail in the workers' logs, "
            + "and run \"buttonwood audit\"",
          grace: limits.takeOver))
    }
    return findings
  }

  /// The database's clock, for what is stored.
  private var ledgerNow: Timestamp { (try? ledger.get())?.now ?? now }

  private func lagFindings(_ limits: FindingLimits, _ stalledSince: [Shard: Timestamp]) -> [Finding] {
    let stalled = ((try? shards.get()) ?? []).compactMap { record -> (record: ShardRecord, since: Timestamp)? in
      guard record.lag.commands > 0, let seen = stalledSince[record.shard] else { return nil }
      let watched = Duration.microseconds(now.microseconds(since: seen))
      let stored = record.progressedAt.map { Duration.microseconds(ledgerNow.microseconds(since: $0)) } ?? .zero
      guard watched >= limits.standstill || watched >= limits.witness && stored >= limits.standstill else { return nil }
      return (record, record.progressedAt.map { min($0, seen) } ?? seen)
    }
    guard let since = stalled.map(\.since).min() else { return [] }
    let waiting = stalled.reduce(0) { $0 + $1.record.lag.commands }
    return [
      Finding(
        .error, .lagWithoutProgress,
        "\(Self.naming(stalled.map(\.record.shard))) standing still while \(waiting) accepted commands wait; look at the "
          + "owner's log, run \"buttonwood audit\", and restart its worker if it says nothing",
        since: since)
    ]
  }

  private var quarantineFindings: [Finding] {
    let records = ((try? shards.get()) ?? []).filter { $0.quarantined > 0 }
    guard !records.isEmpty else { return [] }
    let count = records.reduce(0) { $0 + $1.quarantined }
    return [
      Finding(
        .error, .quarantine,
        "\(count == 1 ? "1 command" : "\(count) commands") of \(Self.naming(records.map(\.shard), verb: false)) "
          + "\(count == 1 ? "is" : "are") in quarantine, with their orders' holds; see \"buttonwood quarantine list\"",
        since: records.compactMap(\.quarantinedSince).min())
    ]
  }

  // MARK: The database

  private func dayFindings(_ limits: FindingLimits) -> [Finding] {
    guard let days = (try? ledger.get())?.daysAhead, days < limits.daysAhead else { return [] }
    let what =
      switch days {
      case ..<0: "today's tables are missing: no order can be accepted"
      case 0: "no day after today has its tables: from midnight UTC on orders are refused"
      case 1: "only 1 day after today has its tables"
      default: "only \(days) days after today have their tables"
      }
    return [
      Finding(
        days <= 0 ? .error : .warning, .daysAhead,
        "\(what); the leader makes them, so look for that in its log, or run \"buttonwood migrate\"")
    ]
  }

  private func haltFindings(_ limits: FindingLimits) -> [Finding] {
    guard let ledger = try? ledger.get() else { return [] }
    let long = ledger.halts.filter { halt in
      guard let since = halt.since else { return false }
      return Duration.microseconds(ledgerNow.microseconds(since: since)) >= limits.halt
    }
    guard let first = long.min(by: { ($0.since ?? now) < ($1.since ?? now) }) else { return [] }
    let names = long.prefix(5).map(\.symbol).joined(separator: ", ") + (long.count > 5 ? ", …" : "")
    return [
      Finding(
        .warning, .haltedLong,
        "\(long.count == 1 ? "\(names) is" : "\(long.count) instruments (\(names)) are") halted for long; \"buttonwood "
          + "instrument resume\" lets \(long.count == 1 ? "it" : "them") trade again",
        since: first.since)
    ]
  }

  private var standbyFindings: [Finding] {
    guard let standbys = (try? ledger.get())?.standbys, standbys.following < standbys.needed else { return [] }
    return [
      Finding(
        .error, .standbyLost,
        "commits wait for \(standbys.needed) synchronous \(standbys.needed == 1 ? "standby" : "standbys") and "
          + "\(standbys.following == 0 ? "none follows" : "only \(standbys.following) follow"), so nothing is accepted; "
          + "bring one back, or take it out of synchronous_standby_names")
    ]
  }

  private func clockFindings(_ limits: FindingLimits) -> [Finding] {
    guard let skew = clockSkew else { return [] }
    let size = skew < .zero ? .zero - skew : skew
    guard size >= limits.skewWarned else { return [] }
    let isRefused = size >= limits.skewRefused
    return [
      Finding(
        isRefused ? .error : .warning, .clockSkew,
        "this host's clock is \(size.secondsText) \(skew < .zero ? "behind" : "ahead of") the database's"
          + (isRefused ? ", so a worker here claims nothing" : "") + "; look at its time service")
    ]
  }

  // MARK: What this process has noticed

  private var ownFindings: [Finding] {
    var findings: [Finding] = []
    if own.refusedEntries > 0 {
      findings.append(
        Finding(
          .warning, .streamEntriesRefused,
          "\(own.refusedEntries) stream \(own.refusedEntries == 1 ? "entry was" : "entries were") refused here lately and "
            + "read from the log instead: something else writes to the streams in Redis, or a backup was restored without "
            + "\"buttonwood restored\""))
    }
    if own.damagedKeys > 0 {
      findings.append(
        Finding(
          .warning, .damagedKeys,
          "\(own.damagedKeys) \(own.damagedKeys == 1 ? "key" : "keys") in Redis \(own.damagedKeys == 1 ? "was" : "were") found "
            + "damaged here lately and replaced: something else writes to the keys that begin with bw:"))
    }
    return findings
  }

  /// `shard 3 is`, `shards 0-3 7 are`.
  private static func naming(_ shards: [Shard], verb: Bool = true) -> String {
    let isOne = shards.count == 1
    return "\(isOne ? "shard" : "shards") \(shards.sorted().ranges)" + (verb ? isOne ? " is" : " are" : "")
  }
}

extension [Shard] {
  /// `0-3 7 9-12`: a fleet may have hundreds. The shards must be in order.
  package var ranges: String {
    var words: [String] = []
    var rest = map { Int($0.rawValue) }[...]
    while let first = rest.popFirst() {
      var last = first
      while rest.first == last + 1 { last = rest.removeFirst() }
      words.append(first == last ? "\(first)" : "\(first)-\(last)")
    }
    return words.joined(separator: " ")
  }
}

extension Duration {
  /// In seconds, or in hours when they are many: `1.4 s`, `2.0 h`.
  var secondsText: String {
    let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    let (tenths, unit) = milliseconds < 7_200_000 ? (milliseconds / 100, "s") : (milliseconds / 360_000, "h")
    return "\(tenths / 10).\(tenths % 10) \(unit)"
  }
}
