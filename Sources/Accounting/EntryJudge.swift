internal import Market

/// Judges requests against a snapshot that it keeps up to date as it goes.
struct EntryJudge {
  private var snapshot: EntrySnapshot
  private let now: Timestamp
  private var heldMoney: [AccountNumber: Money] = [:]
  private var heldShares: [EntrySnapshot.PositionKey: Quantity] = [:]
  private var touched: Set<AccountNumber> = []
  /// Orders that this batch itself places (indices into the plan's orders), for crossings within the batch.
  private var placed: [EntrySnapshot.PositionKey: [Int]] = [:]
  private var marks: [OrderID: EntryPlan.PendingMark] = [:]
  var plan = EntryPlan()

  init(snapshot: EntrySnapshot, now: Timestamp) {
    self.snapshot = snapshot
    self.now = now
  }

  mutating func place(_ request: PlaceRequest, at index: Int) -> EntryPlan.Outcome {
    if let known = identity(request.account, request.idempotencyKey, request.clientKey) { return known }
    guard let account = snapshot.accounts[request.account], account.status == .active else {
      return .refused(.accountBlocked)
    }
    guard let cost = request.price.cost(of: request.quantity) else { return .refused(.notionalTooLarge) }
    let hold = request.side == .buy ? cost.rawValue : request.quantity.rawValue
    if let refusal = lacking(hold, request.side, request.account, request.instrument, requested: request.quantity) {
      return .refused(refusal)
    }
    if request.selfTradePrevention == nil, let existing = crossing(request, at: index) {
      return .refused(.selfCross(existing: existing))
    }
    take(hold, request.side, request.account, request.instrument)
    let id = nextOrderID(request.account, shard: request.shard, random: request.random)
    let order = OrderRecord(
      id: id, account: request.account, clientOrderID: request.clientOrderID,
      instrument: request.instrument, shard: request.shard, sequence: .zero, priority: .zero, side: request.side,
      type: request.type, timeInForce: request.timeInForce, postOnly: request.postOnly,
      selfTradePrevention: request.selfTradePrevention ?? .cancelNewest, price: request.price,
      quantity: request.quantity, updatedAt: now)
    remember(order, request.idempotencyKey, request.clientKey)
    plan.entries.append(.init(shard: request.shard, command: .place(PlaceOrder(order)), order: plan.orders.count))
    placed[.init(account: order.account, instrument: order.instrument), default: []].append(plan.orders.count)
    plan.orders.append(order)
    return .accepted(order: plan.orders.count - 1)
  }

  mutating func cancel(_ request: CancelRequest) -> EntryPlan.Outcome {
    guard let target = snapshot.targets[request.order], target.account == request.account else {
      return .refused(.orderNotFound(request.order))
    }
    guard target.status.isOpen else { return .refused(.orderClosed(target.status)) }
    guard target.pending != .cancel else { return .cancelPending }
    mark(target, .cancel)
    plan.entries.append(
      .init(
        shard: target.shard,
        command: .cancel(
          CancelOrder(
            target: target.id, targetSequence: target.sequence, account: target.account, instrument: target.instrument)),
        order: nil))
    return .cancelAccepted
  }

  mutating func replace(_ request: ReplaceRequest) -> EntryPlan.Outcome {
    if let known = identity(request.account, request.idempotencyKey, request.clientKey) { return known }
    guard let target = snapshot.targets[request.target], target.account == request.account else {
      return .refused(.orderNotFound(request.target))
    }
    let processed = snapshot.processed[target.shard].map { $0 >= target.sequence } ?? false
    let shown = ShownStatus(target.status, pending: target.pending, processed: processed)
    guard shown == .new || shown == .partiallyFilled else { return .refused(.orderNotReplaceable(shown)) }
    guard let account = snapshot.accounts[request.account], account.status == .active else {
      return .refused(.accountBlocked)
    }
    let price = request.price ?? target.price
    let quantity = request.quantity ?? target.quantity
    let timeInForce = request.timeInForce ?? target.timeInForce
    guard price != target.price || quantity != target.quantity || timeInForce != target.timeInForce else {
      return .refused(.nothingChanged)
    }
    guard quantity > target.filled else { return .refused(.quantityNotAboveFilled) }
    guard price.cost(of: quantity) != nil else { return .refused(.notionalTooLarge) }
    let extra = Hold.extra(
      target.side, oldPrice: target.price, oldLeaves: target.leaves, newPrice: price,
      newLeaves: quantity - target.filled)
    if let refusal = lacking(extra, target.side, target.account, target.instrument, requested: quantity) {
      return .refused(refusal)
    }
    take(extra, target.side, target.account, target.instrument)
    let id = nextOrderID(request.account, shard: target.shard, random: request.random)
    let order = OrderRecord(
      id: id, account: target.account, clientOrderID: request.clientOrderID,
      instrument: target.instrument, shard: target.shard, sequence: .zero, priority: .zero, side: target.side,
      type: target.type, timeInForce: timeInForce, postOnly: target.postOnly,
      selfTradePrevention: target.selfTradePrevention, price: price, quantity: quantity, filled: target.filled,
      filledValue: target.filledValue, replaces: target.id, updatedAt: now)
    remember(order, request.idempotencyKey, request.clientKey)
    mark(target, .replace)
    plan.entries.append(
      .init(
        shard: target.shard,
        command: .replace(
          ReplaceOrder(
            order: PlaceOrder(order), target: target.id, targetSequence: target.sequence, extraHold: extra)),
        order: plan.orders.count))
    plan.orders.append(order)
    return .accepted(order: plan.orders.count - 1)
  }

  /// Puts the changes in lock order.
  func finish() -> EntryPlan {
    var plan = plan
    plan.accounts = touched.sorted().map { number in
      .init(
        account: number, held: heldMoney[number] ?? .zero,
        lastSubmitted: snapshot.accounts[number]?.lastSubmitted ?? now)
    }
    plan.marks = marks.values.sorted { ($0.account, $0.order) < ($1.account, $1.order) }
    plan.positions = heldShares.sorted { $0.key < $1.key }.map { .init(key: $0.key, held: $0.value) }
    return plan
  }

  /// The answer to a request whose keys are known already; nil for a new one.
  private func identity(_ account: AccountNumber, _ idempotency: RequestKey?, _ client: RequestKey) -> EntryPlan
    .Outcome?
  {
    if let key = idempotency, let use = snapshot.keys[.init(account: account, digest: key.digest)] {
      return use.fingerprint == key.fingerprint ? .repeated(use.order) : .refused(.idempotencyKeyReused)
    }
    let isUsed = snapshot.keys[.init(account: account, digest: client.digest)] != nil
    return isUsed ? .refused(.duplicateClientOrderID) : nil
  }

  /// Why `hold` cannot be taken; nil when it can.
  private func lacking(
    _ hold: Int64, _ side: Side, _ number: AccountNumber, _ instrument: InstrumentID, requested: Quantity
  ) -> RejectReason? {
    switch side {
    case .buy:
      let account = snapshot.accounts[number]
      let free = account.map { $0.cash - $0.held } ?? .zero
      return hold <= max(0, free.rawValue)
        ? nil : .insufficientBuyingPower(available: free, required: Money(rawValue: hold))
    case .sell:
      let position = snapshot.positions[.init(account: number, instrument: instrument)]
      let owned = position?.quantity ?? .zero
      let held = position?.held ?? .zero
      return hold <= (owned - held).rawValue
        ? nil : .insufficientShares(requested: requested, available: owned - held, owned: owned, held: held)
    }
  }

  private mutating func take(_ hold: Int64, _ side: Side, _ number: AccountNumber, _ instrument: InstrumentID) {
    guard hold > 0 else { return }
    switch side {
    case .buy:
      snapshot.accounts[number]!.held += Money(rawValue: hold)
      heldMoney[number, default: .zero] += Money(rawValue: hold)
      touched.insert(number)
    case .sell:
      let key = EntrySnapshot.PositionKey(account: number, instrument: instrument)
      snapshot.positions[key]!.held += Quantity(rawValue: hold)
      heldShares[key, default: .zero] += Quantity(rawValue: hold)
    }
  }

  /// An order of the same account that the request would trade with: stored, or placed earlier in this batch.
  private func crossing(_ request: PlaceRequest, at index: Int) -> OrderID? {
    if let existing = snapshot.crossing[index] { return existing }
    let earlier = placed[.init(account: request.account, instrument: request.instrument)] ?? []
    let meets = earlier.first { index in
      let order = plan.orders[index]
      let rests = order.type == .limit && (order.timeInForce == .day || order.timeInForce == .gtc)
      guard rests, order.side != request.side else { return false }
      return request.side == .buy ? order.price <= request.price : order.price >= request.price
    }
    return meets.map { plan.orders[$0].id }
  }

  /// An identifier later than all earlier ones of the account.
  private mutating func nextOrderID(_ number: AccountNumber, shard: Shard, random: UInt64) -> OrderID {
    let time = max(now, snapshot.accounts[number]!.lastSubmitted.advanced(byMicroseconds: 1))
    snapshot.accounts[number]!.lastSubmitted = time
    touched.insert(number)
    return .order(submittedAt: time, shard: shard, random: random)
  }

  private mutating func remember(_ order: OrderRecord, _ idempotency: RequestKey?, _ client: RequestKey) {
    for key in [idempotency, client].compactMap({ $0 }) {
      let name = EntrySnapshot.KeyName(account: order.account, digest: key.digest)
      let use = EntrySnapshot.KeyUse(order: order.id, fingerprint: key.fingerprint)
      snapshot.keys[name] = use
      plan.keys.append(.init(name: name, use: use))
    }
  }

  private mutating func mark(_ target: OrderRecord, _ pending: PendingChange) {
    snapshot.targets[target.id]!.pending = pending
    marks[target.id] = .init(account: target.account, order: target.id, pending: pending)
  }
}

extension PlaceOrder {
  /// The command that places a stored order.
  package init(_ order: OrderRecord) {
    self.init(
      id: order.id, account: order.account, instrument: order.instrument, side: order.side, type: order.type,
      timeInForce: order.timeInForce, postOnly: order.postOnly, selfTradePrevention: order.selfTradePrevention,
      price: order.price, quantity: order.quantity)
  }
}
