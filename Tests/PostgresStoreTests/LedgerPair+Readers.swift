import Accounting
import Market
import Ports
import PostgresStore
import Sharding
import Simulation
import Testing

/// What both databases answer to the same questions.
extension LedgerPair {
  mutating func compareAccounts() async throws {
    let reader = accounts
    for account in StoreDatabase.accounts {
      let (one, two) = (try await reader.snapshot(of: account), try await copy.snapshot(of: account))
      let (snapshot, copied) = (try #require(one), try #require(two))
      #expect(snapshot.account.cash == copied.account.cash && snapshot.account.held == copied.account.held)
      #expect(snapshot.account.status == copied.account.status)
      #expect(snapshot.positions.map(Self.worthless) == copied.positions.map(Self.worthless))
      #expect(snapshot.lastPrices == copied.lastPrices)
      #expect(copied.through.rawValue == 0 || snapshot.through == copied.through)
      let positions = (try await reader.positions(of: account), try await copy.positions(of: account))
      #expect(positions.0.map(Self.worthless) == positions.1.map(Self.worthless))
    }
    for _ in 0..<4 {
      var query = OrderQuery(account: StoreDatabase.accounts.randomElement(using: &random)!)
      query.scope = OrderQuery.Scope.allCases.randomElement(using: &random)!
      query.ascending = Bool.random(using: &random)
      query.nested = Bool.random(using: &random)
      query.limit = Int.random(in: 0...30, using: &random)
      if Bool.random(using: &random) { query.side = Side.allCases.randomElement(using: &random) }
      if Bool.random(using: &random) {
        query.instruments = (1...StoreDatabase.instruments).filter { _ in Bool.random(using: &random) }
          .map { InstrumentID(rawValue: $0) }
      }
      if Bool.random(using: &random) { query.after = known.randomElement(using: &random) }
      if Bool.random(using: &random) { query.before = known.randomElement(using: &random) }
      let (orders, copied) = (try await reader.orders(query), try await copy.orders(query))
      #expect(orders.map(Self.timeless) == copied.map(Self.timeless), "\(query)")
      let (legged, copiedLegs) = (
        try await reader.withLegs(orders, of: query.account), try await copy.withLegs(copied, of: query.account)
      )
      #expect(Self.legs(legged) == Self.legs(copiedLegs))
    }
    for id in known.suffix(12) {
      let account = database.state.orders[id]!.account
      let (order, copied) = (try await reader.order(id, of: account), try await copy.order(id, of: account))
      #expect(order.map(Self.timeless) == copied.map(Self.timeless))
      let stranger = StoreDatabase.accounts.first { $0 != account }!
      #expect(try await reader.order(id, of: stranger) == nil)
      #expect(try await copy.order(id, of: stranger) == nil)
    }
    for (name, _) in database.state.keys.sorted(by: { $0.key.digest < $1.key.digest }).suffix(4) {
      let (order, copied) = (
        try await reader.order(clientKey: name.digest, of: name.account),
        try await copy.order(clientKey: name.digest, of: name.account)
      )
      #expect(order.map(Self.timeless) == copied.map(Self.timeless))
    }
    #expect(try await reader.lastPrices() == (try await copy.lastPrices()))
    #expect(try await reader.lags() == (try await copy.lags()))
    let (instruments, copied) = (try await reader.instruments(), try await copy.instruments())
    #expect(instruments.map(\.id) == copied.map(\.id) && instruments.map(\.symbol) == copied.map(\.symbol))
    #expect(instruments.map(\.shard) == copied.map(\.shard) && instruments.map(\.tradable) == copied.map(\.tradable))
  }

  /// What shares were granted for is nobody's purchase.
  private static func worthless(_ position: PositionRecord) -> String {
    "\(position.instrument) \(position.quantity) \(position.held)"
  }

  private static func legs(_ orders: [ShownOrder]) -> [[ShownOrder]] {
    orders.map { order in (order.legs ?? []).map { timeless($0) } }
  }

  /// When a row was changed by acceptance, the database's rows say more exactly.
  private static func timeless(_ order: ShownOrder) -> ShownOrder {
    var order = order
    order.record.updatedAt = Timestamp(rawValue: 0)
    order.record.legs = []
    order.legs = nil
    return order
  }

  mutating func compareEvents() async throws {
    let reader = events
    var questions = StoreDatabase.accounts.map { account in
      let story = database.state.stories[account] ?? []
      let after = Bool.random(using: &random) ? story.randomElement(using: &random)?.at : nil
      return EventQuestion(account: account, after: after ?? Timestamp(rawValue: 0))
    }
    questions.append(EventQuestion(account: AccountNumber(rawValue: 1), after: Timestamp(rawValue: 0)))
    let limit = Int.random(in: 1...12, using: &random)
    let (answers, copied) = (
      try await reader.events(questions, limit: limit), try await copy.events(questions, limit: limit)
    )
    #expect(answers.map(\.question) == copied.map(\.question))
    for (one, two) in zip(answers, copied) {
      #expect(one.events.map(Self.nameless) == two.events.map(Self.nameless), "\(one.question)")
      #expect(one.hasMore == two.hasMore && (one.last == two.last || two.last.rawValue == 0))
    }
    #expect(
      try await reader.accountsWithNews(questions).sorted() == (try await copy.accountsWithNews(questions).sorted()))
  }

  /// Accounts' public identifiers are drawn by chance.
  private static func nameless(_ event: AccountEvent) -> AccountEvent {
    var event = event
    event.accountID = UniqueID(high: 0, low: 0)
    event.order.updatedAt = Timestamp(rawValue: 0)
    return event
  }

  func compareShards() async throws {
    let (records, copied) = (try await shardReader.shards(), try await copy.shards())
    #expect(records == copied)
  }

  /// The leader keeps bands and pauses; an operator sets their width.
  mutating func keepBands() async throws {
    let instrument = Int32.random(in: 1...StoreDatabase.instruments, using: &random)
    let id = InstrumentID(rawValue: instrument)
    let shard = StoreDatabase.shard(of: instrument)
    switch Int.random(in: 0..<6, using: &random) {
    case 0:
      let tier: BandTier? = Bool.random(using: &random) ? .tier1 : nil
      _ = try StoreDatabase.text(
        url,
        "UPDATE instruments SET band_tier = \(tier.map { "\($0.rawValue)" } ?? "NULL") WHERE instrument_id = \(instrument)"
          + " RETURNING symbol")
      database.operate { $0.listings[id]!.tier = tier }
    case 1, 2:
      let standing = try await copy.bandProgress(tradesSince: now, referencesUntil: nil).first { $0.instrument == id }
      let day = Day(rawValue: 20_000)
      let reference = Price(rawValue: 100_000)
      let instruction = BandDecisions.Instruction(
        id, seen: Bool.random(using: &random) ? standing?.instructed?.sequence : nil, day: day,
        change: BandChange(
          id, BandTerms(reference: reference, previousClose: reference, tier: .tier1), keepsReference: false))
      let (one, two) = (
        try await realMarket.append([instruction], of: shard, within: leadership.real, at: now),
        try await copy.append([instruction], of: shard, within: leadership.copy, at: now)
      )
      if case .appended(let rows) = one, case .appended(let copied) = two {
        #expect(rows.map(Self.timeless) == copied.map(Self.timeless))
      } else {
        #expect(one == two)
      }
    case 3:
      let pause = BandDecisions.Pause(id, shard: shard, until: now, reason: "trading pause after limit up")
      #expect(
        try await realMarket.pause(pause, within: leadership.real)
          == (try await copy.pause(pause, within: leadership.copy)))
    case 4:
      #expect(
        try await realMarket.resume([id], of: shard, within: leadership.real)
          == (try await copy.resume([id], of: shard, within: leadership.copy)))
    default: break
    }
    let since = now.advanced(by: .zero - BandReference.window)
    let until: Timestamp? = Bool.random(using: &random) ? now : nil
    let (standings, copied) = (
      try await realMarket.bandProgress(tradesSince: since, referencesUntil: until),
      try await copy.bandProgress(tradesSince: since, referencesUntil: until)
    )
    #expect(standings == copied)
  }
}
