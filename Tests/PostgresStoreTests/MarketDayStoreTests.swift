import Accounting
import Market
import Ports
import Postgres
import PostgresAudit
import Services
import Sharding
import Testing

@testable import PostgresStore

/// What instruments are told, on a real server.
struct MarketDayStoreTests {
  private let url: String
  private let ledger: PostgresMarketDayStore
  private let leading: PostgresTermStore
  private let settlement: PostgresSettlementLedger
  private let director = MarketDirector(mode: .manual)
  private let today = NewYorkTime.day(at: StoreDatabase.noon)

  init() throws {
    url = try StoreDatabase.make()
    ledger = PostgresMarketDayStore(session: StoreDatabase.session(url))
    leading = PostgresTermStore(session: StoreDatabase.session(url))
    settlement = PostgresSettlementLedger(session: StoreDatabase.session(url))
  }

  private func elect(_ nonce: UInt64 = 7) async throws -> Leadership {
    try await leading.elect(WorkerID(rawValue: "w\(nonce)"), nonce: nonce)
  }

  private func append(_ batch: MarketBatch, _ leadership: Leadership) async throws -> AppendOutcome {
    try await ledger.append(batch, within: leadership, at: StoreDatabase.noon)
  }

  private func batches(_ stage: SessionStage) async throws -> [MarketBatch] {
    let goal = MarketDirector.Goal.at(SessionPoint(today, stage))
    return director.batches(try await ledger.behind(goal), to: goal)
  }

  @Test func stepsAreReportedOnceEveryInstrumentAndWithoutGapsInTheLog() async throws {
    let leadership = try await elect()
    for stage in [SessionStage.preOpen, .open, .closed] {
      let batches = try await batches(stage)
      #expect(batches.map(\.shard.rawValue) == [0, 1, 2])
      for batch in batches {
        guard case .appended(let entries) = try await append(batch, leadership) else {
          Issue.record("\(batch) was not told")
          return
        }
        #expect(entries.map(\.command) == batch.instructions.flatMap(\.commands))
        let stored = try await settlement.log(
          of: batch.shard, after: Sequence(rawValue: entries[0].sequence.rawValue - 1), limit: 100)
        #expect(stored.map(\.command) == entries.map(\.command))
        #expect(stored.map(\.sequence) == entries.map(\.sequence))
        // As by who did not hear the answer.
        #expect(try await append(batch, leadership) == .outdated)
      }
      if stage != .closed { #expect(try await self.batches(stage).isEmpty) }
    }
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM command_log") == 15)
    let sums = "SELECT sum(last_sequence) FROM shard_logs"
    #expect(try StoreDatabase.integer(url, sums) == 15)
    #expect(try await ledger.latestInstructed() == SessionPoint(today, .closed))
  }

  @Test func whoIsNotElectedAnyMoreReportsNothing() async throws {
    let old = try await elect(1)
    let batches = try await batches(.open)
    let new = try await elect(2)
    for batch in batches {
      #expect(try await append(batch, old) == .termEnded)
      #expect(try await ledger.clear([], within: old))
    }
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM command_log") == 0)
    #expect(try StoreDatabase.integer(url, "SELECT sum(last_sequence) FROM shard_logs") == 0)
    let record = MarketClockRecord(mode: .manual, target: SessionPoint(today, .open))
    #expect(try await !ledger.remember(record, insteadOf: MarketClockRecord(), within: old))
    #expect(try await ledger.remember(record, insteadOf: MarketClockRecord(), within: new))
    #expect(try await ledger.clock().record == record)
  }

  @Test func twoWhoReportAtOnceReportOnce() async throws {
    let leadership = try await elect()
    let batches = try await batches(.open)
    let instructed = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        let ledger = PostgresMarketDayStore(session: StoreDatabase.session(url))
        for batch in batches {
          group.addTask {
            if case .appended = try await ledger.append(batch, within: leadership, at: StoreDatabase.noon) {
              true
            } else {
              false
            }
          }
        }
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(instructed == 3)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM command_log") == 5)
  }

  @Test func theClockIsRememberedAsItWasSet() async throws {
    let leadership = try await elect()
    #expect(try await ledger.clock() == MarketClockReading())
    let noon = StoreDatabase.noon
    let record = MarketClockRecord(
      mode: .simulated, target: SessionPoint(today, .closed),
      simulation: SimulatedTime(startedAt: noon, marketStart: noon.advanced(byMicroseconds: 1), speed: 99))
    #expect(try await ledger.remember(record, insteadOf: MarketClockRecord(), within: leadership))
    #expect(try await ledger.clock().record == record)
    // Who has read an older target takes nothing back.
    #expect(
      try await ledger.remember(MarketClockRecord(mode: .open), insteadOf: MarketClockRecord(), within: leadership))
    #expect(try await ledger.clock().record == record)
  }

  @Test func dayOrdersBeforeTheCloseAreDueAndOldOnesThatAreGoodUntilCanceled() async throws {
    let leadership = try await elect()
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    var orders = TestOrders(seed: 5)
    _ = try await entry.accept(
      [
        orders.place(.buy, 1, at: 10), orders.place(.buy, 2, at: 10), orders.place(.buy, 3, at: 10, instrument: 4),
        Self.untilCanceled(orders.place(.buy, 4, at: 10)), Self.untilCanceled(orders.place(.buy, 5, at: 10)),
      ], now: StoreDatabase.noon)
    for batch in try await batches(.closed) { _ = try await append(batch, leadership) }
    _ = try await entry.accept([orders.place(.buy, 9, at: 10)], now: StoreDatabase.noon)
    let allProgress = try await ledger.behind(.at(SessionPoint(today, .closed)))
    #expect(allProgress.count == 5 && allProgress.allSatisfy { $0.instructed?.isCleared == false && !$0.awaitsExpiry })
    let first = InstrumentID(rawValue: 1)
    var due = try await ledger.dueOrders(of: allProgress, untilCanceledBefore: StoreDatabase.noon)
    #expect(due.count == 5 && due[first] == DueOrders(count: 2))
    #expect(
      due[InstrumentID(rawValue: 4)] == DueOrders(count: 1) && due[InstrumentID(rawValue: 2)] == DueOrders(count: 0))
    due = try await ledger.dueOrders(
      of: allProgress, untilCanceledBefore: StoreDatabase.noon.advanced(byMicroseconds: 1_000_000))
    #expect(due[first] == DueOrders(count: 4, untilCanceledThrough: Sequence(rawValue: 5)))
    // What has an order's place in quarantine is in no book.
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(
      """
      INSERT INTO quarantined_commands (shard, sequence, quarantined_at, reason, tries, worker, epoch)
        SELECT shard, sequence, now(), 'r', 1, 'w', 1 FROM orders WHERE quantity = 2
      """)
    due = try await ledger.dueOrders(of: allProgress, untilCanceledBefore: StoreDatabase.noon)
    #expect(due[first] == DueOrders(count: 1))
    #expect(try await ledger.clear(allProgress, within: leadership))
    #expect(try await ledger.behind(.at(SessionPoint(today, .closed))).isEmpty)
  }

  /// An opening whose parts are told by the leader and settled by one owner after the other: what is stored between two
  /// parts is all that the next one needs.
  @Test func anAuctionGoesOnFromWhatIsStored() async throws {
    let leadership = try await elect()
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    let shard = StoreDatabase.shard(of: 1)
    var orders = TestOrders(seed: 44)
    var steps = try await batches(.preOpen).filter { $0.shard == shard }
    for batch in steps { _ = try await append(batch, leadership) }
    let requests = (0..<10).flatMap { _ in
      [orders.place(.buy, 1, at: 101, account: 0), orders.place(.sell, 1, at: 99, account: 1)]
    }
    _ = try await entry.accept(requests, now: StoreDatabase.noon)
    steps = try await batches(.open).filter { $0.shard == shard }
    for index in steps.indices {
      for place in steps[index].instructions.indices { steps[index].instructions[place].auction.partLimit = 3 }
    }
    for batch in steps { _ = try await append(batch, leadership) }
    func settle(_ nonce: UInt64) async throws {
      let ownership = try await SettlementLedgerTests.claim(settlement, shard, nonce: nonce)
      let commit = try await SettlementLedgerTests.commit(settlement, ownership)
      #expect(try await settlement.settle([commit], at: StoreDatabase.noon) == .committed)
    }
    try await settle(1)
    let trades = "SELECT count(*) FROM trades"
    #expect(try StoreDatabase.integer(url, trades) == 3)
    var plan = AuctionPlan()
    plan.partLimit = 3
    plan.partsOfShard = 1
    var turns = 0
    while case let allProgress = try await ledger.auctions(), !allProgress.isEmpty, turns < 10 {
      turns += 1
      #expect(allProgress.map(\.instrument.rawValue) == [1] && allProgress[0].instructed <= allProgress[0].processed)
      #expect(
        try await self.batches(.closed).filter { $0.shard == shard }.allSatisfy { batch in
          batch.instructions.allSatisfy { $0.instrument.rawValue != 1 }
        }, "it is told no close before its opening is over")
      let batch = plan.batches(allProgress)[0]
      guard case .appended(let entries) = try await ledger.append(batch, within: leadership, at: StoreDatabase.noon)
      else {
        Issue.record("the parts were not told")
        return
      }
      #expect(entries.map(\.command) == batch.commands)
      #expect(try await ledger.append(batch, within: leadership, at: StoreDatabase.noon) == .outdated)
      #expect(try await AuditTests.audit(url).isClean)
      try await settle(UInt64(turns) + 1)
    }
    #expect(turns >= 2)
    #expect(try StoreDatabase.integer(url, trades) == 10)
    #expect(try StoreDatabase.integer(url, "SELECT count(DISTINCT price) FROM trades") == 1)
    #expect(try await ledger.auctions().isEmpty)
    // Its parts are told as one auction.
    let reader = PostgresMarketDataReader(pool: PostgresPool([StoreDatabase.session(url)]))
    let noon = StoreDatabase.noon
    let price = Price(rawValue: Int64(try #require(try StoreDatabase.integer(url, "SELECT max(price) FROM trades"))))
    let span = MarketSpan(start: noon.day.start, end: noon.advanced(byMicroseconds: 1), limit: 10)
    for ascending in [true, false] {
      var asked = span
      asked.ascending = ascending
      let page = try await reader.auctions(of: [1, 2, 3].map { InstrumentID(rawValue: $0) }, asked)
      #expect(page.parts.map(\.instrument.rawValue) == [1] && !page.hasMore)
      #expect(
        page.parts.first?.rows == [
          DailyAuctions(day: today, opening: [.init(at: noon, price: price, size: Quantity(rawValue: 10))])
        ])
      asked.after = page.parts.first?.rows.last?.cursor
      #expect(try await reader.auctions(of: [InstrumentID(rawValue: 1)], asked).parts.isEmpty)
      asked.after = nil
      asked.end = noon.advanced(byMicroseconds: -1)
      #expect(try await reader.auctions(of: [InstrumentID(rawValue: 1)], asked).parts.isEmpty)
    }
    let report = try await AuditTests.audit(url)
    #expect(report.isClean, "\(AuditPrinter.text(report))")
  }

  /// Gives all instruments bands, and a price.
  private func listWithBands() throws {
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute("UPDATE instruments SET band_tier = 1, reference_price = 1000000")
  }

  private func allProgress() async throws -> [BandProgress] {
    try await ledger.bandProgress(tradesSince: StoreDatabase.noon, referencesUntil: nil)
  }

  @Test func bandsAreReportedOnceWithinTheTerm() async throws {
    try listWithBands()
    let old = try await elect(1)
    let decided = director.bands(
      try await allProgress(), to: .alwaysOpen(today: today), MarketClockRecord(mode: .manual), at: StoreDatabase.noon)
    #expect(decided.instructions.mapValues(\.count) == [0: 2, 1: 2, 2: 1].mapKeys { Shard(rawValue: $0) })
    let leadership = try await elect(2)
    for (shard, instructions) in decided.instructions {
      #expect(try await ledger.append(instructions, of: shard, within: old, at: StoreDatabase.noon) == .termEnded)
      let outcome = try await ledger.append(instructions, of: shard, within: leadership, at: StoreDatabase.noon)
      guard case .appended(let entries) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      let stored = try await settlement.log(of: shard, after: .zero, limit: 100)
      #expect(stored.map(\.command) == entries.map(\.command))
      #expect(entries.map(\.command) == instructions.map { .band($0.change) })
      #expect(try await ledger.append(instructions, of: shard, within: leadership, at: StoreDatabase.noon) == .outdated)
    }
    // What is told and not processed yet is not told again.
    let after = try await allProgress()
    #expect(after.allSatisfy { $0.instructed?.day == NewYorkTime.day(at: StoreDatabase.noon) && $0.phase.band == nil })
    #expect(
      director.bands(
        after, to: .alwaysOpen(today: today), MarketClockRecord(mode: .manual), at: StoreDatabase.noon
      ).isEmpty)
  }

  @Test func pausesLeaveHaltsOfOperatorsAlone() async throws {
    try listWithBands()
    let (old, leadership) = (try await elect(1), try await elect(2))
    let office = InstrumentAdministration(session: StoreDatabase.session(url))
    let symbols = try await office.list().map(\.listing.symbol)
    let instruments = (1...2 as ClosedRange<Int32>).map { InstrumentID(rawValue: $0) }
    func pause(_ index: Int, within leadership: Leadership) async throws -> Bool? {
      try await ledger.pause(
        .init(
          instruments[index], shard: StoreDatabase.shard(of: Int32(index) + 1), until: StoreDatabase.noon, reason: "up"),
        within: leadership)
    }
    func halts() async throws -> [String?] { try await office.list().prefix(2).map(\.haltReason) }
    func rows() throws -> Int? { try StoreDatabase.integer(url, "SELECT count(*) FROM command_log") }

    #expect(try await pause(0, within: old) == nil)
    try await office.halt(symbols[1], reason: "news", collects: false)
    for index in 0...1 { #expect(try await pause(index, within: leadership) == (index == 0)) }
    #expect(try await halts() == ["up", "news"])
    #expect(try await office.list().first?.pausedUntil == StoreDatabase.noon && rows() == 2)
    #expect(try await allProgress().map { $0.pausedUntil != nil } == [true, false, false, false, false])
    // The operator takes the pause over: then the leader does not end it any more.
    try await office.halt(symbols[0], reason: "rumours", collects: true)
    #expect(try rows() == 2, "it stands halted already")
    for index in 0...1 {
      let shard = StoreDatabase.shard(of: Int32(index) + 1)
      #expect(try await ledger.resume([instruments[index]], of: shard, within: leadership))
    }
    #expect(try await halts() == ["rumours", "news"])
    try await office.resume(symbols[0])
    #expect(try await pause(0, within: leadership) == true)
    #expect(try await !ledger.resume([instruments[0]], of: StoreDatabase.shard(of: 1), within: old))
    #expect(try await ledger.resume([instruments[0]], of: StoreDatabase.shard(of: 1), within: leadership))
    #expect(try await halts() == [nil, "news"] && rows() == 5)
  }

  private static func untilCanceled(_ request: AcceptanceRequest) -> AcceptanceRequest {
    guard case .place(var place) = request else { return request }
    place.timeInForce = .gtc
    return .place(place)
  }
}

extension Dictionary {
  fileprivate func mapKeys<Name: Hashable>(_ body: (Key) -> Name) -> [Name: Value] {
    Dictionary<Name, Value>(uniqueKeysWithValues: map { (body($0.key), $0.value) })
  }
}
