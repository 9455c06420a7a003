package import Accounting
package import Market
package import Ports
package import Sharding

/// Everything that is committed: what the tables hold, as plain values. A copy of it is a backup.
package struct DatabaseState: Sendable {
  /// What is known against a command, as long as it is the next one.
  package struct Suspect: Sendable {
    package var sequence = Sequence.zero
    package var claims = 0
    package var tries = 0
    package var reason: String?
  }

  /// A shard's log, its owner, and what was settled of it.
  package struct ShardRows: Sendable {
    package var epoch: Int64 = 0
    package var nonce: UInt64 = 0
    package var owner: WorkerID?
    package var processed = Sequence.zero
    package var settledAt = Timestamp(rawValue: 0)
    package var log: [LogEntry] = []
    package var events: [OrderEvent] = []
    package var trades: [Trade] = []
    /// When each of the trades was settled.
    package var tradeTimes: [Timestamp] = []
    package var suspect = Suspect()
    /// Commands that were set aside, and the later row by which each came back, if it did.
    package var quarantined: [Sequence: Quarantined] = [:]

    /// The last row of the log.
    package var last: Sequence { Sequence(rawValue: Int64(log.count)) }
  }

  /// A command that was set aside.
  package struct Quarantined: Sendable {
    package var reason: QuarantineReason
    /// The moment at which it happened.
    package var at: Timestamp
    /// The row by which it came back.
    package var resolved: Sequence?
  }

  /// An event of an account's stream.
  package struct ToldEvent: Sendable {
    /// When it was told: unique and increasing in its account.
    package var at: Timestamp
    package var event: OrderEvent
    /// The account's shares of the instrument after an execution.
    package var position: Quantity?
  }

  /// What is known of an instrument beside its shard.
  package struct Listing: Sendable {
    /// The price that it was listed with.
    package var reference: Price?
    /// Why it is halted; nil while it is not.
    package var haltReason: String?
    /// Whether orders are taken all the same while it is halted.
    package var collects = false
    /// When an operator halted it.
    package var haltedAt: Timestamp?
    /// When the trading pause ends in which it is.
    package var pausedUntil: Timestamp?
    /// How wide an operator wants its bands.
    package var tier: BandTier?
    /// What it was told last of its band, and for which day.
    package var bandTold: (sequence: Sequence, day: Day)?
    /// Since when the reference price of its band stands.
    package var bandSince: Timestamp?
    /// Since when it is in a limit state.
    package var limitSince: Timestamp?

    /// Trades, without a band.
    package init() {}
  }

  /// What the instrument's auction has been told.
  package struct AuctionRow: Sendable {
    package var auction: AuctionExecution?
    package var instructed = Sequence.zero
  }

  /// An exchange that nobody has traded on yet: every account has as much money, and as many shares of every instrument.
  package init(instruments: [InstrumentID: Shard], accounts: [AccountNumber], cash: Money, shares: Quantity) {
    self.instruments = instruments
    for (instrument, shard) in instruments {
      shards[shard] = ShardRows()
      listings[instrument] = Listing()
    }
    for account in accounts {
      self.accounts[account] = .init(status: .active, cash: cash, held: .zero, lastSubmitted: Timestamp(rawValue: 0))
      for instrument in instruments.keys {
        positions[.init(account: account, instrument: instrument)] = .init(quantity: shares, held: .zero)
        costs[.init(account: account, instrument: instrument)] = PositionCost(shares, for: .zero)
      }
    }
  }

  /// The server's clock.
  package var clockReading: @Sendable () -> Timestamp = { Timestamp(rawValue: 0) }
  package var now: Timestamp { clockReading() }
  package var timeline = DatabaseTimeline(rawValue: 1)
  package var shards: [Shard: ShardRows] = [:]
  package var instruments: [InstrumentID: Shard] = [:]
  package var accounts: [AccountNumber: AcceptanceSnapshot.Account] = [:]
  package var positions: [AcceptanceSnapshot.PositionKey: AcceptanceSnapshot.Position] = [:]
  package var costs: [AcceptanceSnapshot.PositionKey: PositionCost] = [:]
  package var listings: [InstrumentID: Listing] = [:]
  package var bounds: [AcceptanceSnapshot.Bounds] = []
  /// Trades that the first part of the auction makes at most by which an instrument trades again.
  package var resumptionPart = AuctionTerms.usualPartLimit
  package var orders: [OrderID: OrderRecord] = [:]
  /// What accounts' streams tell, by time.
  package var stories: [AccountNumber: [ToldEvent]] = [:]
  /// Keys of the interface and whose they are.
  package var apiKeys: [String: AccountNumber] = [:]
  /// How many of the coming days have their tables.
  package var daysAhead = 7
  package var keys: [AcceptanceSnapshot.KeyName: AcceptanceSnapshot.KeyUse] = [:]
  package var lastPrices: [InstrumentID: Price] = [:]
  package var phases: [InstrumentID: InstrumentPhase] = [:]
  package var auctions: [InstrumentID: AuctionRow] = [:]
  package var instructed: [InstrumentID: InstrumentProgress.Instructed] = [:]
  package var clock = MarketClockRecord()
  package var term = Term(rawValue: 0)
  package var termNonce: UInt64 = 0

  /// Orders of which a shard's books are made: what has been processed, is open and was not set aside.
  package func openOrders(of shard: Shard) -> [OrderRecord] {
    let rows = shards[shard]!
    let aside = Set(rows.quarantined.filter { $0.value.resolved == nil }.keys)
    return orders.values.filter {
      $0.shard == shard && $0.status.isOpen && $0.sequence <= rows.processed && !aside.contains($0.sequence)
    }
    .sorted {
      ($0.priority, $0.conditions?.activation ?? 0, $0.id) < ($1.priority, $1.conditions?.activation ?? 0, $1.id)
    }
  }

  /// Appends commands to a shard's log.
  package mutating func append(_ commands: [Command], to shard: Shard, at now: Timestamp) -> [LogEntry] {
    commands.map { command in
      let entry = LogEntry(
        shard: shard, sequence: shards[shard]!.last.next, acceptedAt: now, command: command, timeline: timeline)
      shards[shard]!.log.append(entry)
      return entry
    }
  }

  /// The book of an instrument by its open orders: none while they are collected.
  package func depth(of instrument: InstrumentID) -> MarketDepth {
    let shard = instruments[instrument]!
    var depth = MarketDepth(sequence: shards[shard]!.processed, at: shards[shard]!.settledAt)
    let phase = phases[instrument] ?? InstrumentPhase()
    guard phase.isContinuous, auctions[instrument]?.auction == nil else { return depth }
    var sums: [Side: [Price: Quantity]] = [.buy: [:], .sell: [:]]
    for order in openOrders(of: shard) where order.instrument == instrument && order.phase == .working {
      guard order.timeInForce != .cls else { continue }
      let price = phase.band?.band.working(order.price, order.side) ?? order.price
      sums[order.side]![price, default: .zero] += order.leaves
    }
    for (side, levels) in sums.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      for (price, size) in levels.sorted(by: { $0.key < $1.key }) {
        depth.set(side, PriceLevelView(price: price, size: size))
      }
    }
    return depth
  }

  // MARK: What accounts' streams tell

  /// The place of an account's first event behind a time.
  package func place(after time: Timestamp, in account: AccountNumber) -> Int {
    guard let story = stories[account] else { return 0 }
    var (low, high) = (0, story.count)
    while low < high {
      let middle = (low + high) / 2
      if story[middle].at > time { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// An event with its order as it is now; nil when there is no such order.
  package func account(_ instructed: ToldEvent) -> AccountEvent? {
    orders[instructed.event.order].map {
      AccountEvent(
        at: instructed.at, accountID: Self.publicID(of: instructed.event.account), event: instructed.event, row: $0,
        position: instructed.position)
    }
  }

  /// An account's public identifier.
  package static func publicID(of account: AccountNumber) -> UniqueID {
    UniqueID(high: 0x8000, low: 1 << 63 | UInt64(bitPattern: account.rawValue))
  }
}
