import Accounting
import Engine
import Market
import Simulation
import TestKit

/// Everything that is stored of one shard, kept by obvious rules: accepts random requests with the real judge, stores
/// settlements row by row. What the database would say.
struct ModelExchange {
  static let instruments = [InstrumentID(rawValue: 1), InstrumentID(rawValue: 2)]

  var random: SeededRandom
  let accounts = (1...5 as ClosedRange<Int64>).map { AccountNumber(rawValue: $0) }
  private(set) var money: [AccountNumber: AcceptanceSnapshot.Account] = [:]
  private(set) var shares: [AcceptanceSnapshot.PositionKey: AcceptanceSnapshot.Position] = [:]
  private(set) var orders: [OrderID: OrderRecord] = [:]
  /// The orders as they were accepted.
  private var orderIDs: [OrderID] = []
  private(set) var log: [LogEntry] = []
  private(set) var processed = Sequence.zero
  private(set) var events: [OrderEvent] = []
  private(set) var trades: [Trade] = []
  /// Commands that were passed over and have not come back, and all that ever were.
  private(set) var quarantined: Set<Sequence> = []
  private(set) var passedOver: Set<Sequence> = []
  /// The prices of the latest trades.
  private(set) var lastPrices: [InstrumentID: Price] = [:]
  /// How instruments trade that have been told.
  private(set) var phases: [InstrumentID: InstrumentPhase] = [:]
  /// Auctions that are being executed.
  private(set) var auctions: [InstrumentID: AuctionExecution] = [:]
  /// Orders that came when one may have been: what they wait for is measured by the prices behind it.
  private(set) var cameDuringAuctions: Set<OrderID> = []
  /// What instruments have been told by log rows, and the row of the last close of each.
  private var published: [InstrumentID: InstrumentPhase] = [:]
  private(set) var closes: [InstrumentID: Sequence] = [:]
  private var requests: RandomRequests
  /// What is among the requests.
  private let mix: Mix
  private var hasDays: Bool { mix.hasDays }
  private var hasBands: Bool { mix.hasBands }

  /// What is among the requests beside plain orders.
  enum Mix: CaseIterable {
    case plain
    /// Stops, trailing stops and classes.
    case conditional
    /// Steps of the day, halts, expiry.
    case days
    case conditionalDays
    /// Price bands.
    case bands
    case everything

    var hasDays: Bool { [.days, .conditionalDays, .everything].contains(self) }
    var hasBands: Bool { [.bands, .everything].contains(self) }
  }

  /// Whether what the exchange itself asks for is among the rows.
  private let drivesItself: Bool

  init(seed: UInt64, _ mix: Mix = .plain, drivesItself: Bool = true) {
    random = SeededRandom(seed: seed)
    self.mix = mix
    requests = RandomRequests(
      accounts: accounts, shards: Dictionary(uniqueKeysWithValues: Self.instruments.map { ($0, Row.shard) }),
      .init(isConditional: [.conditional, .conditionalDays, .everything].contains(mix), hasDays: mix.hasDays))
    self.drivesItself = drivesItself
    for account in accounts {
      money[account] = .init(status: .active, cash: .dollars(5_000), held: .zero, lastSubmitted: Row.start)
      for instrument in Self.instruments {
        shares[.init(account: account, instrument: instrument)] = .init(quantity: Quantity(rawValue: 300), held: .zero)
      }
    }
  }

  /// The orders that a claim would find, by priority.
  var openOrders: [OrderRecord] {
    orders.values.filter { $0.status.isOpen && $0.sequence <= processed && !quarantined.contains($0.sequence) }
      .sorted {
        ($0.priority, $0.conditions?.activation ?? 0, $0.id) < ($1.priority, $1.conditions?.activation ?? 0, $1.id)
      }
  }

  func engine() throws -> ShardEngine {
    var engine = try ShardEngine(
      shard: Row.shard, processed: processed, orders: openOrders, lastPrices: lastPrices, phases: phases,
      auctions: auctions)
    engine.recall(quarantined: Array(passedOver))
    return engine
  }

  // MARK: Quarantine

  /// Stores that the next command is passed over.
  mutating func store(quarantine settlement: Settlement) -> [String] {
    quarantined.insert(settlement.through)
    passedOver.insert(settlement.through)
    return settlement.events.isEmpty && settlement.orders.isEmpty ? store(settlement) : ["it changed something"]
  }

  /// Appends a command that was passed over once more.
  mutating func comeBack(_ sequence: Sequence, isRefused: Bool) {
    quarantined.remove(sequence)
    var row = log[Int(sequence.rawValue) - 1]
    row.sequence = Sequence(rawValue: Int64(log.count) + 1)
    row.isRefused = row.isRefused || isRefused
    switch row.command {
    case .place(let order):
      move(order.id, to: row.sequence)
      for leg in order.legs { move(leg.id, to: row.sequence) }
    case .cancel(var cancel):
      cancel.targetSequence = orders[cancel.target]!.sequence
      row.command = .cancel(cancel)
    case .replace(var replace):
      replace.targetSequence = orders[replace.target]!.sequence
      row.command = .replace(replace)
      move(replace.order.id, to: row.sequence)
    case .step, .expire, .halt, .band, .cross: break
    }
    log.append(row)
  }

  private mutating func move(_ order: OrderID, to sequence: Sequence) {
    orders[order]!.sequence = sequence
    orders[order]!.priority = sequence
  }

  // MARK: Accepting

  /// Accepts a batch of random requests: orders and their holds, marks, log rows.
  mutating func accept(_ count: Int) {
    let requests = (0..<count).map { _ in request() }
    var snapshot = AcceptanceSnapshot()
    snapshot.accounts = money
    snapshot.positions = shares
    snapshot.targets = orders
    snapshot.processed = [Row.shard: processed]
    let plan = AcceptancePlan(requests: requests, snapshot: snapshot, now: Row.time(Int64(log.count) * 10))
    for change in plan.accounts {
      money[change.account]!.held += change.held
      money[change.account]!.lastSubmitted = change.lastSubmitted
    }
    for change in plan.positions { shares[change.key]!.held += change.held }
    for mark in plan.marks { orders[mark.order]!.pending = mark.pending }
    for entry in plan.entries {
      let sequence = Sequence(rawValue: Int64(log.count) + 1)
      for index in plan.rows(of: entry) {
        var order = plan.orders[index]
        order.sequence = sequence
        order.priority = sequence
        orders[order.id] = order
        orderIDs.append(order.id)
      }
      log.append(LogEntry(shard: Row.shard, sequence: sequence, acceptedAt: Row.time(0), command: entry.command))
      guard drivesItself else { continue }
      if hasDays, random.oneIn(12) { drive() }
      if hasDays, !auctions.isEmpty, random.oneIn(2) { driveAuctions() }
      if hasBands, random.oneIn(10) { drive(.band(band())) }
    }
  }

  /// Appends what the exchange itself asks for.
  mutating func drive(_ command: Command) {
    let sequence = Sequence(rawValue: Int64(log.count) + 1)
    switch command {
    case .step(let step):
      published[step.instrument, default: .init()].point = step.point
      if step.point.stage == .closed { closes[step.instrument] = sequence }
    case .halt(let halt): published[halt.instrument, default: .init()].isHalted = halt.isHalted
    case .band, .cross, .expire, .place, .cancel, .replace: break
    }
    log.append(LogEntry(shard: Row.shard, sequence: sequence, acceptedAt: Row.time(0), command: command))
  }

  /// A band one of whose ends lies among the prices, one that lies around all of them, or none.
  private mutating func band() -> BandChange {
    let offset: Int64 = random.pick([-5_000, 5_000, 0])
    let reference = Price(rawValue: 100_000 + offset + random.number(-6...6 as ClosedRange<Int64>) * 100)
    let terms = BandTerms(reference: reference, previousClose: Price(rawValue: 100_000), tier: .tier1)
    return BandChange(
      random.pick(Self.instruments), random.oneIn(6) ? nil : terms, keepsReference: random.oneIn(6))
  }

  /// Now and then a step of a day, a halt or its end, a part of an expiry or of an auction; steps that lead back are among
  /// them, and parts without an auction.
  private mutating func drive() {
    let instrument = random.pick(Self.instruments)
    let auction = AuctionTerms(partLimit: random.pick([0, 0, 1, 2, 5, 20]))
    switch random.number(0...6) {
    case 0...2:
      let last = published[instrument]?.point
      let next: SessionPoint
      switch last?.stage {
      case nil: next = SessionPoint(Day(rawValue: 20_000), random.pick(SessionStage.allCases))
      case .preOpen: next = SessionPoint(last!.day, random.oneIn(6) ? .closed : .open)
      case .open: next = SessionPoint(last!.day, random.oneIn(8) ? .preOpen : .closed)
      case .closed: next = SessionPoint(last!.day.advanced(by: 1), random.oneIn(4) ? .open : .preOpen)
      }
      drive(.step(SessionStep(instrument, next, auction: auction)))
    case 3: drive(.halt(TradingHalt(instrument, isHalted: random.oneIn(4), auction: auction)))
    case 4: drive(.cross(AuctionPart(instrument, limit: random.number(1...4))))
    default:
      guard let close = closes[instrument] else { return }
      drive(
        .expire(
          ExpireOrders(
            instrument, dayThrough: close,
            untilCanceledThrough: random.oneIn(4) ? Sequence(rawValue: close.rawValue / 2) : .zero,
            limit: random.number(1...6))))
    }
  }

  /// Parts of the auctions that are being executed.
  mutating func driveAuctions(limit: Int16? = nil) {
    for instrument in auctions.keys.sorted() {
      drive(.cross(AuctionPart(instrument, limit: limit ?? random.pick([1, 2, 10, 50]))))
    }
  }

  private mutating func request() -> AcceptanceRequest {
    // Mostly orders that have not closed, now and then one that has.
    let candidates = random.oneIn(8) ? orderIDs : orderIDs.filter { orders[$0]!.status.isOpen }
    return requests.next(target: candidates.randomElement(using: &random).flatMap { orders[$0] }, &random)
  }

  // MARK: Settling

  /// Log rows that are not settled, at most `limit`.
  func unsettled(_ limit: Int = .max) -> [LogEntry] { Array(log[Int(processed.rawValue)...].prefix(limit)) }

  /// Stores a settlement; returns what is wrong with it.
  mutating func store(_ settlement: Settlement) -> [String] {
    var faults: [String] = []
    if settlement.from != processed { faults.append("begins at \(settlement.from), stored is \(processed)") }
    processed = settlement.through
    if Set(settlement.orders.map(\.id)).count != settlement.orders.count { faults.append("an order row comes twice") }
    for update in settlement.orders {
      guard var order = orders[update.id], order.account == update.account else {
        faults.append("no order \(update.id) of \(update.account)")
        continue
      }
      if update.status != order.status, !order.status.mayBecome(update.status) {
        faults.append("\(order.status) may not become \(update.status)")
      }
      order.status = update.status
      order.filled = update.filled
      order.filledValue = update.filledValue
      order.priority = update.priority
      order.replacedBy = update.replacedBy ?? order.replacedBy
      if update.clearsPending { order.pending = .none }
      orders[update.id] = order
    }
    for update in settlement.conditions {
      guard orders[update.id]?.conditions != nil, orders[update.id]?.account == update.account else {
        faults.append("no conditions of \(update.id)")
        continue
      }
      orders[update.id]!.conditions!.phase = update.phase
      orders[update.id]!.conditions!.activation = update.activation
      orders[update.id]!.conditions!.trigger = update.trigger
      if update.isExit { orders[update.id]!.quantity = update.quantity }
    }
    for update in settlement.phases { phases[update.instrument] = update.phase }
    let crossing = Set(auctions.keys).union(settlement.auctions.map(\.instrument))
    for event in settlement.events where event.kind == .new && crossing.contains(event.instrument) {
      cameDuringAuctions.insert(event.order)
    }
    for update in settlement.auctions { auctions[update.instrument] = update.auction }
    for last in settlement.lastPrices { lastPrices[last.instrument] = last.price }
    for mark in settlement.staleMarks {
      if orders[mark.order]?.account != mark.account { faults.append("a mark on a stranger's order") }
      if orders[mark.order]!.status.isOpen { orders[mark.order]!.pending = .none }
    }
    for (account, change) in settlement.cash {
      money[account]!.cash += change.cash
      money[account]!.held += change.held
    }
    for (key, change) in settlement.positions {
      shares[key]!.quantity += change.fills.bought - change.fills.sold
      shares[key]!.held += change.held
    }
    events += settlement.events
    trades += settlement.trades
    return faults + conservation(settlement)
  }

  private func conservation(_ settlement: Settlement) -> [String] {
    var faults: [String] = []
    if settlement.cash.values.reduce(0, { $0 + $1.cash.rawValue }) != 0 { faults.append("cash is made or lost") }
    for instrument in Self.instruments {
      let changes = settlement.positions.filter { $0.key.instrument == instrument }.values
      let (bought, sold) = (
        changes.reduce(0) { $0 + $1.fills.bought.rawValue }, changes.reduce(0) { $0 + $1.fills.sold.rawValue }
      )
      if bought != sold { faults.append("\(bought) shares bought, \(sold) sold") }
    }
    let value = settlement.trades.reduce(0) { $0 + ($1.price * $1.quantity).rawValue }
    if settlement.positions.values.reduce(0, { $0 + $1.fills.cost.rawValue }) != value {
      faults.append("costs are not the trades'")
    }
    return faults
  }

  // MARK: Invariants

  /// What is wrong with all that is stored: holds against open orders, balances, executions against trades.
  func faults() -> [String] {
    var faults: [String] = []
    var heldMoney: [AccountNumber: Int64] = [:]
    var heldShares: [AcceptanceSnapshot.PositionKey: Int64] = [:]
    var extra: [OrderID: Int64] = [:]
    // A replacement on its way holds what it needs beyond the order it replaces.
    let onTheirWay = unsettled() + quarantined.map { log[Int($0.rawValue) - 1] }
    for case .replace(let replace) in onTheirWay.map(\.command) { extra[replace.order.id] = replace.extraHold }
    for order in orders.values where order.status.isOpen && (!order.isExit || extra[order.id] != nil) {
      let hold = extra[order.id] ?? Hold.amount(order.side, price: order.price, leaves: order.leaves)
      switch order.side {
      case .buy: heldMoney[order.account, default: 0] += hold
      case .sell: heldShares[.init(account: order.account, instrument: order.instrument), default: 0] += hold
      }
    }
    for (key, amount) in exitHolds(except: Set(extra.keys)) {
      switch key.side {
      case .buy: heldMoney[key.account, default: 0] += amount
      case .sell: heldShares[.init(account: key.account, instrument: key.instrument), default: 0] += amount
      }
    }
    for (account, state) in money {
      if state.held.rawValue != heldMoney[account] ?? 0 { faults.append("\(account) holds \(state.held)") }
      if state.held > state.cash { faults.append("\(account) holds more than it has") }
    }
    for (key, state) in shares {
      if state.held.rawValue != heldShares[key] ?? 0 { faults.append("\(key) holds \(state.held)") }
      if state.held > state.quantity { faults.append("\(key) holds more than there is") }
    }
    return faults + executionFaults() + conditionFaults() + sessionFaults()
  }

  /// Where orders trade as they come, no two that could trade stand side by side; what is for an auction is gone with its day.
  private func sessionFaults() -> [String] {
    var faults: [String] = []
    let standing = openOrders
    for instrument in Self.instruments {
      let phase = phases[instrument] ?? InstrumentPhase()
      let working = standing.filter { $0.instrument == instrument && $0.phase == .working && $0.timeInForce != .cls }
      let band = phase.band?.band
      let bids = working.filter { $0.side == .buy }.map { band?.working($0.price, .buy) ?? $0.price }
      let asks = working.filter { $0.side == .sell }.map { band?.working($0.price, .sell) ?? $0.price }
      // Until an auction is over, nothing else trades.
      guard auctions[instrument] == nil else { continue }
      if phase.isContinuous, let bid = bids.max(), let ask = asks.min(), bid >= ask {
        faults.append("\(instrument) trades and stands at \(bid) to \(ask)")
      }
      if phase.isContinuous, working.contains(where: { $0.timeInForce == .opg || $0.type == .market }) {
        faults.append("\(instrument) trades and keeps what was for its opening")
      }
      if phase.point?.stage == .closed, let close = closes[instrument], close <= processed,
        standing.contains(where: { $0.instrument == instrument && $0.timeInForce == .cls && $0.sequence < close }),
        !passedOver.contains(close)
      {
        faults.append("\(instrument) has closed and keeps what was for its close")
      }
    }
    return faults
  }

  private func executionFaults() -> [String] {
    var faults: [String] = []
    var filled: [OrderID: Int64] = [:]
    for trade in trades {
      filled[trade.buyOrder, default: 0] += trade.quantity.rawValue
      filled[trade.sellOrder, default: 0] += trade.quantity.rawValue
    }
    for order in orders.values where order.sequence <= processed && !quarantined.contains(order.sequence) {
      // Executions that a replacement took over belong to the orders before it.
      let inherited = order.status == .rejected ? 0 : order.replaces.flatMap { orders[$0]?.filled.rawValue } ?? 0
      if order.filled.rawValue != inherited + filled[order.id, default: 0] {
        faults.append("\(order.id) \(order.status): \(order.filled) filled, trades say \(filled[order.id, default: 0])")
      }
      if order.filled > order.quantity || (order.status == .filled) != (order.filled == order.quantity) {
        faults.append("\(order.id) \(order.status): \(order.filled) of \(order.quantity)")
      }
      if !order.status.isOpen, order.pending != .none { faults.append("\(order.id) \(order.status) is pending") }
    }
    return faults
  }
}
