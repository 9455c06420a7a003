internal import Sharding
internal import Ports
internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market

/// What must hold of everything that is committed, by rules that look at the rows instead of trusting who wrote them.
package final class ExchangeChecks: Sendable {
  private struct Known {
    /// Where each shard stands by the commits that were seen.
    var processed: [Shard: Sequence] = [:]
    var cash = Money.zero
    var shares: [InstrumentID: Quantity] = [:]
    var faults: [String] = []
    var commits = 0
  }

  private let known: Lock<Known>
  private let initial: DatabaseState

  /// Checks against the state that everything begins with.
  package init(_ initial: DatabaseState) {
    self.initial = initial
    var known = Known()
    for account in initial.accounts.values { known.cash += account.cash }
    for (key, position) in initial.positions { known.shares[key.instrument, default: .zero] += position.quantity }
    self.known = Lock(known)
  }

  /// What was wrong so far.
  package var faults: [String] { known.withLock { $0.faults } }

  /// Looks at a transaction that has just been committed.
  package func saw(_ change: DatabaseChange, _ state: DatabaseState) {
    let faults: [String]
    switch change {
    case .accepted: faults = balanceFaults(state)
    case .settled(let commits): faults = commits.flatMap { follow($0, state) } + balanceFaults(state)
    case .restored:
      known.withLock { known in
        for (shard, rows) in state.shards { known.processed[shard] = rows.processed }
      }
      faults = holdFaults(state)
    }
    let isTurn = known.withLock { known in
      known.commits += 1
      known.faults += faults
      return known.commits.isMultiple(of: 16)
    }
    if isTurn {
      let faults = holdFaults(state)
      known.withLock { $0.faults += faults }
    }
  }

  /// One owner after the other, each going on where the last one ended; nothing made or lost.
  private func follow(_ commit: ShardCommit, _ state: DatabaseState) -> [String] {
    var faults: [String] = []
    let (shard, settlement) = (commit.ownership.shard, commit.settlement)
    known.withLock { known in
      let stood = known.processed[shard] ?? .zero
      if settlement.from != stood {
        faults.append("shard \(shard): settled from \(settlement.from) instead of \(stood)")
      }
      known.processed[shard] = settlement.through
    }
    if let rows = state.shards[shard], commit.ownership.epoch.rawValue != rows.epoch {
      faults.append("shard \(shard): an owner of epoch \(commit.ownership.epoch) settled, its epoch is \(rows.epoch)")
    }
    if let rows = state.shards[shard], settlement.through > rows.last {
      faults.append("shard \(shard): settled through \(settlement.through), the log ends at \(rows.last)")
    }
    if settlement.cash.values.reduce(Money.zero, { $0 + $1.cash }) != .zero { faults.append("cash is made or lost") }
    var ordinals: [Sequence: Int32] = [:]
    for event in settlement.events {
      let isInside = event.sequence > settlement.from && event.sequence <= settlement.through
      if !isInside || event.ordinal != ordinals[event.sequence, default: 0] {
        faults.append("shard \(shard): event \(event.sequence)/\(event.ordinal) is out of order")
      }
      ordinals[event.sequence, default: 0] += 1
    }
    return faults
  }

  private func balanceFaults(_ state: DatabaseState) -> [String] {
    var faults: [String] = []
    for (number, account) in state.accounts where account.held > account.cash || account.held < .zero {
      faults.append("account \(number) holds \(account.held) of \(account.cash)")
    }
    for (key, position) in state.positions where position.held > position.quantity || position.held < .zero {
      faults.append("account \(key.account) holds \(position.held) of \(position.quantity) of \(key.instrument)")
    }
    return faults.sorted()
  }

  /// Holds are what open orders require, and money and shares are as many as there were.
  package func holdFaults(_ state: DatabaseState) -> [String] {
    var faults: [String] = []
    var money: [AccountNumber: Int64] = [:]
    var shares: [AcceptanceSnapshot.PositionKey: Int64] = [:]
    func hold(_ order: OrderRecord, _ amount: Int64) {
      switch order.side {
      case .buy: money[order.account, default: 0] += amount
      case .sell: shares[.init(account: order.account, instrument: order.instrument), default: 0] += amount
      }
    }
    // A replacement on its way holds what it needs beyond the order it replaces.
    var extra: [OrderID: Int64] = [:]
    for rows in state.shards.values {
      let aside = rows.quarantined.filter { $0.value.resolved == nil }.keys.map { rows.log[Int($0.rawValue) - 1] }
      for case .replace(let replace) in (rows.log[Int(rows.processed.rawValue)...] + aside).map(\.command) {
        extra[replace.order.id] = replace.extraHold
      }
    }
    var exits: [ExitName: Int64] = [:]
    let open = state.orders.values.filter(\.status.isOpen)
    for order in open {
      if let amount = extra[order.id] {
        hold(order, amount)
      } else if !order.isExit {
        hold(order, Hold.amount(order.side, price: order.price, leaves: order.leaves))
      } else if let group = order.conditions?.group {
        let name = ExitName(order, group)
        var amount = Hold.amount(order.side, price: order.price, leaves: order.leaves)
        let entry = open.first { $0.conditions?.group == group && !$0.isExit }
        if order.side == .sell, order.phase == .held, let entry { amount = entry.filled.rawValue }
        exits[name] = max(exits[name] ?? 0, amount)
      }
    }
    for (name, amount) in exits { hold(name.order, amount) }
    for (number, account) in state.accounts where account.held.rawValue != money[number] ?? 0 {
      faults.append("account \(number) holds \(account.held.rawValue), its open orders require \(money[number] ?? 0)")
    }
    for (key, position) in state.positions where position.held.rawValue != shares[key] ?? 0 {
      faults.append(
        "account \(key.account) holds \(position.held) of \(key.instrument), its open orders require \(shares[key] ?? 0)"
      )
    }
    let (cash, total) = known.withLock { ($0.cash, $0.shares) }
    if state.accounts.values.reduce(Money.zero, { $0 + $1.cash }) != cash {
      faults.append("there is more or less money")
    }
    var all: [InstrumentID: Quantity] = [:]
    for (key, position) in state.positions { all[key.instrument, default: .zero] += position.quantity }
    if all != total { faults.append("there are more or fewer shares") }
    return faults.sorted()
  }

  private struct ExitName: Hashable {
    var order: OrderRecord
    var group: OrderID

    init(_ order: OrderRecord, _ group: OrderID) {
      self.order = order
      self.group = group
    }

    static func == (a: ExitName, b: ExitName) -> Bool { a.group == b.group && a.order.side == b.order.side }
    func hash(into hasher: inout Hasher) {
      hasher.combine(group)
      hasher.combine(order.side)
    }
  }

  // MARK: At the end

  /// What is wrong with the rows when everything has been settled.
  package func finalFaults(_ state: DatabaseState) -> [String] {
    holdFaults(state) + executionFaults(state) + nameFaults(state)
      + state.shards.keys.sorted().flatMap { replayFaults($0, state) }
  }

  private func executionFaults(_ state: DatabaseState) -> [String] {
    var faults: [String] = []
    var filled: [OrderID: Int64] = [:]
    for trade in state.shards.values.flatMap(\.trades) {
      filled[trade.buyOrder, default: 0] += trade.quantity.rawValue
      filled[trade.sellOrder, default: 0] += trade.quantity.rawValue
    }
    for order in state.orders.values {
      // Executions that a replacement took over belong to the orders before it.
      let inherited = order.status == .rejected ? 0 : order.replaces.flatMap { state.orders[$0]?.filled.rawValue } ?? 0
      let isSettled = !state.shards[order.shard]!.isUnresolved(order.sequence)
      if isSettled, order.filled.rawValue != inherited + filled[order.id, default: 0] {
        faults.append("\(order.id) \(order.status): \(order.filled) filled, trades say \(filled[order.id, default: 0])")
      }
      if order.filled > order.quantity { faults.append("\(order.id): \(order.filled) of \(order.quantity)") }
      if !order.status.isOpen, order.pending != .none { faults.append("\(order.id) \(order.status) is pending") }
    }
    return faults.sorted()
  }

  /// A name is given to one order of an account, however often its client has asked.
  private func nameFaults(_ state: DatabaseState) -> [String] {
    let orders = state.orders.values.filter { $0.conditions?.isLeg != true }
    return Dictionary(grouping: orders) { "\($0.account) \($0.clientOrderID)" }.filter { $0.value.count > 1 }
      .map { "account and name \($0.key): \($0.value.count) orders" }.sorted()
  }

  /// Matching the log again, command by command, gives the same events, trades, open orders and phases, and no order trades
  /// as it comes outside the band of that moment.
  private func replayFaults(_ shard: Shard, _ state: DatabaseState) -> [String] {
    let rows = state.shards[shard]!
    var engine: ShardEngine
    do throws(RecoveryFault) {
      engine = try ShardEngine(shard: shard, processed: .zero, orders: [])
    } catch {
      return ["shard \(shard): \(error)"]
    }
    var faults: [String] = []
    var (events, trades): ([OrderEvent], [Trade]) = ([], [])
    var phases: [InstrumentID: InstrumentPhase] = [:]
    for row in rows.log.prefix(Int(rows.processed.rawValue)) {
      let entry = ProcessedEntry(row, isQuarantined: rows.quarantined[row.sequence] != nil)
      for settlement in engine.follow([entry]) {
        faults += bandFaults(row.command, settlement.trades, phases)
        events += settlement.events
        trades += settlement.trades
        for update in settlement.phases { phases[update.instrument] = update.phase }
      }
    }
    if trades != rows.trades { faults.append("shard \(shard): its log gives other trades") }
    if events != rows.events { faults.append("shard \(shard): its log gives other events") }
    if phases != state.phases.filter({ state.instruments[$0.key] == shard }) {
      faults.append("shard \(shard): its log gives other phases")
    }
    let stored = state.openOrders(of: shard).map { OpenOrder($0) }
    if engine.openOrders().map(\.id) != stored.map(\.id) || engine.openOrders().map(\.leaves) != stored.map(\.leaves) {
      faults.append("shard \(shard): its log gives other open orders")
    }
    return faults
  }

  /// What trades as it comes keeps within the band; auctions that open trading find a new one.
  private func bandFaults(
    _ command: Command, _ trades: [Trade], _ phases: [InstrumentID: InstrumentPhase]
  ) -> [String] {
    let instrument: InstrumentID
    switch command {
    case .place(let order): instrument = order.instrument
    case .cancel(let cancel): instrument = cancel.instrument
    case .replace(let replace): instrument = replace.order.instrument
    case .step, .expire, .halt, .band, .cross: return []
    }
    guard let phase = phases[instrument], phase.isContinuous, let band = phase.band?.band else { return [] }
    return trades.filter { !band.contains($0.price) }.map {
      "command \($0.shard)-\($0.sequence) trades at \($0.price), outside its band"
    }
  }
}
