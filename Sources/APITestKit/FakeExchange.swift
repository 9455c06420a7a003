package import Accounting
internal import ClientKit
internal import TradingAPI
internal import HTTP
package import Lifecycle
package import Market
package import Ports

/// A desk and a reader over one memory: the real judge of requests, no database, no matching.
package final class FakeExchange: OrderAcceptor, AccountReader {
  package struct State {
    package var accounts: [AccountNumber: AccountRecord] = [:]
    package var credentials: [String: Credential] = [:]
    package var instruments: [Instrument] = []
    package var prices: [InstrumentID: Price] = [:]
    package var positions: [AcceptanceSnapshot.PositionKey: PositionRecord] = [:]
    package var orders: [OrderID: OrderRecord] = [:]
    package var keys: [AcceptanceSnapshot.KeyName: AcceptanceSnapshot.KeyUse] = [:]
    package var lastSubmitted: [AccountNumber: Timestamp] = [:]
    package var now = Timestamp("2026-01-05T15:00:00Z")!
    package var random: UInt64 = 1
    package var sequence: Int64 = 0
    /// Instruments whose orders are collected.
    package var collecting: Set<InstrumentID> = []
    /// How far the shards have been processed.
    package var processed: Int64 = .max
    /// After so many looks at orders the pending cancels are carried out; nil for never.
    package var pollsUntilCanceled: Int?
    /// What acceptance replies instead of judging.
    package var reply: AcceptanceReply?
    /// What every question throws.
    package var failure: StoreError?
    package var submitted: [AcceptanceRequest] = []
    package var configurations: [AccountNumber: AccountConfiguration] = [:]
    /// What moved in an account, and when.
    package var movements: [AccountNumber: [(at: Timestamp, movement: AccountMovement)]] = [:]
    /// Trades of the past, the earliest first.
    package var trades: [(instrument: InstrumentID, at: Timestamp, price: Price)] = []
    package var activities: [AccountNumber: [AccountActivity]] = [:]
    package var watchlists: [(account: AccountNumber, list: Watchlist)] = []
    /// The version of each account's keys.
    package var keysVersions: [AccountNumber: Int64] = [:]
    package var credentialLookups = 0
    package var instrumentReads = 0
  }

  package let state = Lock(State())

  /// Nothing is in it.
  package init() {}

  package func submit(_ request: AcceptanceRequest) async -> AcceptanceReply {
    state.withLock { state in
      state.submitted.append(request)
      if let reply = state.reply { return reply }
      return .answered(state.judge(request))
    }
  }

  package func reading<Value: Sendable>(_ body: (inout State) -> Value) throws(StoreError) -> Value {
    try state.withLock { (state) throws(StoreError) in
      if let failure = state.failure { throw failure }
      return body(&state)
    }
  }

  package func credential(keyID: String) async throws(StoreError) -> Credential? {
    try reading { state in
      state.credentialLookups += 1
      guard var credential = state.credentials[keyID] else { return nil }
      credential.keysVersion = state.keysVersions[credential.account] ?? 0
      return credential
    }
  }

  package func snapshot(of account: AccountNumber) async throws(StoreError) -> AccountSnapshot? {
    let positions = try await positions(of: account)
    return try reading { state in
      state.accounts[account].map {
        AccountSnapshot(account: $0, positions: positions, lastPrices: state.prices, through: state.now)
      }
    }
  }

  package func positions(of account: AccountNumber) async throws(StoreError) -> [PositionRecord] {
    try reading { state in
      state.positions.filter { $0.key.account == account && $0.value.quantity > .zero }
        .sorted { $0.key < $1.key }.map(\.value)
    }
  }

  package func order(_ id: OrderID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? {
    try reading { state in
      guard let order = state.orders[id], order.account == account else { return nil }
      return state.shown(order)
    }
  }

  package func order(clientKey: UniqueID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? {
    try reading { state in
      guard let use = state.keys[.init(account: account, digest: clientKey)] else { return nil }
      return state.orders[use.order].map { state.shown($0) }
    }
  }

  package func withLegs(_ orders: [ShownOrder], of account: AccountNumber) -> [ShownOrder] { orders }
  package func orders(_ query: OrderQuery) async throws(StoreError) -> [ShownOrder] {
    try reading { state in
      state.passPoll()
      let matching = state.orders.values.filter { order in
        order.account == query.account && (query.scope == .all || order.status.isOpen == (query.scope == .open))
          && query.after.map { order.id > $0 } ?? true && query.before.map { order.id < $0 } ?? true
          && query.instruments.map { $0.contains(order.instrument) } ?? true
          && query.side.map { order.side == $0 } ?? true
      }
      let sorted = matching.sorted { query.ascending ? $0.id < $1.id : $0.id > $1.id }
      return sorted.prefix(query.limit).map { state.shown($0) }
    }
  }

  package func instruments() async throws(StoreError) -> [Instrument] {
    try reading { state in
      state.instrumentReads += 1
      return state.instruments
    }
  }

  package func lastPrices() async throws(StoreError) -> [InstrumentID: Price] { try reading { $0.prices } }

  package func lags() async throws(StoreError) -> [Shard: ShardLag] { try reading { _ in [:] } }
}

extension FakeExchange.State {
  package func shown(_ order: OrderRecord) -> ShownOrder {
    let isProcessed = order.sequence.rawValue <= processed
    return ShownOrder(record: order, status: ShownStatus(order.status, pending: order.pending, processed: isProcessed))
  }

  /// Counts a look, and carries pending cancels out when it is time.
  fileprivate mutating func passPoll() {
    guard let polls = pollsUntilCanceled else { return }
    guard polls == 0 else {
      pollsUntilCanceled = polls - 1
      return
    }
    for order in orders.values where order.pending == .cancel {
      orders[order.id]!.status = .canceled
      orders[order.id]!.pending = .none
      switch order.side {
      case .buy: accounts[order.account]!.held -= order.price * order.leaves
      case .sell:
        positions[.init(account: order.account, instrument: order.instrument)]!.held -= order.leaves
      }
    }
  }

  package mutating func judge(_ request: AcceptanceRequest) -> AcceptedBatch.Answer {
    let plan = AcceptancePlan(requests: [request], snapshot: snapshot(for: request), now: now)
    guard !plan.isEmpty else { return answer(plan.outcomes[0]) }
    for change in plan.accounts {
      accounts[change.account]!.held += change.held
      lastSubmitted[change.account] = change.lastSubmitted
    }
    for change in plan.positions { positions[change.key]!.held += change.held }
    for change in plan.keys { keys[change.name] = change.use }
    for mark in plan.marks { orders[mark.order]!.pending = mark.pending }
    for order in plan.orders {
      sequence += 1
      orders[order.id] = order
      orders[order.id]!.sequence = Sequence(rawValue: sequence)
    }
    if case .accepted(let index) = plan.outcomes[0] { return .accepted(orders[plan.orders[index].id]!) }
    return answer(plan.outcomes[0])
  }

  private func answer(_ outcome: AcceptancePlan.Outcome) -> AcceptedBatch.Answer {
    switch outcome {
    case .accepted: fatalError("an accepted order is written")
    case .cancelAccepted, .cancelPending: return .cancelAccepted
    case .repeated(let id): return .repeated(orders[id]!)
    case .refused(let reason): return .refused(reason)
    }
  }

  private func snapshot(for request: AcceptanceRequest) -> AcceptanceSnapshot {
    var snapshot = AcceptanceSnapshot()
    let number = request.account
    if let account = accounts[number] {
      snapshot.accounts[number] = .init(
        status: account.status == .active && account.isSuspended ? .suspended : account.status, cash: account.cash,
        held: account.held, lastSubmitted: lastSubmitted[number] ?? Timestamp(rawValue: 0),
        keysVersion: keysVersions[number] ?? 0)
    }
    snapshot.positions = positions.mapValues { .init(quantity: $0.quantity, held: $0.held) }
    snapshot.keys = keys
    snapshot.targets = orders
    snapshot.collecting = collecting
    for instrument in instruments { snapshot.processed[instrument.shard] = Sequence(rawValue: processed) }
    if case .place(let place) = request {
      let crossing = orders.values.first { order in
        order.account == number && order.instrument == place.instrument && order.status.isOpen
          && order.side != place.side
          && (place.side == .buy ? order.price <= place.price : order.price >= place.price)
      }
      if let crossing { snapshot.crossing[0] = crossing.id }
    }
    return snapshot
  }
}
