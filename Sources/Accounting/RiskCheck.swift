internal import Market

/// Judges requests against a snapshot that it keeps up to date as it goes.
struct RiskCheck {
  private var snapshot: AcceptanceSnapshot
  private let now: Timestamp
  private var heldMoney: [AccountNumber: Money] = [:]
  private var heldShares: [AcceptanceSnapshot.PositionKey: Quantity] = [:]
  private var touched: Set<AccountNumber> = []
  /// Orders that this batch itself places (indices into the plan's orders), for crossings within the batch.
  private var placed: [AcceptanceSnapshot.PositionKey: [Int]] = [:]
  private var marks: [OrderID: AcceptancePlan.PendingMark] = [:]
  var plan = AcceptancePlan()

  init(snapshot: AcceptanceSnapshot, now: Timestamp) {
    self.snapshot = snapshot
    self.now = now
  }

  /// Whether the caller's key is known to be valid still: no key of the account has changed since it was looked at.
  func isCurrent(_ request: AcceptanceRequest) -> Bool {
    guard let version = request.keysVersion, let account = snapshot.accounts[request.account] else { return true }
    return version == account.keysVersion
  }

  mutating func place(_ request: PlaceRequest, at index: Int) -> AcceptancePlan.Outcome {
    if let known = identity(request.account, request.idempotencyKey, request.clientKey) { return known }
    for leg in request.legs where isUsed(leg.clientKey, request.account) { return .refused(.duplicateClientOrderID) }
    if let refusal = closed(request.account) { return .refused(refusal) }
    if let refusal = unfit(request) ?? unlike(request) { return .refused(refusal) }
    let holds = holds(of: request)
    for hold in holds {
      if let refusal = lacking(
        hold.amount, hold.side, request.account, request.instrument, requested: request.quantity)
      {
        return .refused(refusal)
      }
    }
    if request.refusesOwn, let existing = crossing(request, at: index) {
      return .refused(.selfCross(existing: existing))
    }
    for hold in holds { take(hold.amount, hold.side, request.account, request.instrument) }
    let id = nextOrderID(request.account, shard: request.shard, random: request.random)
    var order = OrderRecord(
      id: id, account: request.account, clientOrderID: request.clientOrderID,
      instrument: request.instrument, shard: request.shard, sequence: .zero, priority: .zero,
      terms: request.acceptedTerms, updatedAt: now)
    order.conditions = OrderConditions(request, id)
    remember(order, request.idempotencyKey, request.clientKey)
    if request.trigger == nil {
      placed[.init(account: order.account, instrument: order.instrument), default: []].append(plan.orders.count)
    }
    let index = plan.orders.count
    plan.orders.append(order)
    var command = PlaceOrder(order)
    command.orderClass = request.orderClass
    command.legs = request.legs.map { place($0, of: order, command.sideOfLegs) }
    plan.entries.append(
      .init(shard: request.shard, command: .place(command), order: index, legs: command.legs.count))
    return .accepted(order: index)
  }

  /// What a new order holds: of what, and how much of it. An entry and its exits hold different things.
  private func holds(of request: PlaceRequest) -> [(side: Side, amount: Int64)] {
    let isOCO = request.orderClass == .oco
    let sideOfLegs = isOCO ? request.side : request.side.opposite
    var holds: [(Side, Int64)] = []
    if !isOCO {
      holds.append((request.side, Hold.amount(request.side, price: request.price, leaves: request.quantity)))
    }
    // Exits that sell what the entry buys get their shares from its executions.
    if isOCO || (sideOfLegs == .buy && !request.legs.isEmpty) {
      let prices = request.legs.map(\.terms.price) + (isOCO ? [request.price] : [])
      holds.append((sideOfLegs, Hold.ofExits(sideOfLegs, prices: prices, leaves: request.quantity)))
    }
    return holds
  }

  /// Makes the order row of a leg.
  private mutating func place(_ request: LegRequest, of order: OrderRecord, _ side: Side) -> OrderLeg {
    var leg = order
    leg.id = nextOrderID(order.account, shard: order.shard, random: request.random)
    leg.clientOrderID = request.clientOrderID
    leg.side = side
    leg.type = request.terms.type
    leg.price = request.terms.price
    leg.postOnly = false
    leg.conditions = OrderConditions(
      trigger: request.terms.trigger, orderClass: order.conditions?.orderClass ?? .simple, role: request.terms.role,
      group: order.id, leg: request.terms.role.rawValue, isLeg: true, phase: .held)
    remember(leg, nil, request.clientKey)
    plan.orders.append(leg)
    return OrderLeg(id: leg.id, request.terms)
  }

  mutating func cancel(_ request: CancelRequest) -> AcceptancePlan.Outcome {
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
            target: target.id, targetSequence: target.sequence, targetLeg: target.conditions?.leg ?? 0,
            account: target.account, instrument: target.instrument)),
        order: nil))
    return .cancelAccepted
  }

  mutating func replace(_ request: ReplaceRequest, at index: Int) -> AcceptancePlan.Outcome {
    // An order that does not exist is not found, whatever names the request brings.
    guard let target = snapshot.targets[request.target], target.account == request.account else {
      return .refused(.orderNotFound(request.target))
    }
    if let known = identity(request.account, request.idempotencyKey, request.clientKey) { return known }
    let processed = snapshot.processed[target.shard].map { $0 >= target.sequence } ?? false
    let shown = ShownStatus(target.status, pending: target.pending, processed: processed, phase: target.phase)
    guard shown == .new || shown == .partiallyFilled || shown == .held else {
      return .refused(.orderNotReplaceable(shown))
    }
    if let refusal = closed(request.account) { return .refused(refusal) }
    let siblings = siblings(of: target)
    guard !siblings.contains(where: { $0.pending == .replace }) else {
      return .refused(.orderNotReplaceable(.pendingReplace))
    }
    let new: ReplacedTerms
    do throws(RejectReason) {
      new = try ReplacedTerms(request, of: target, siblings)
    } catch {
      return .refused(error)
    }
    if new.timeInForce.isImmediate, target.phase == .working, snapshot.collecting.contains(target.instrument) {
      return .refused(.marketClosed)
    }
    let (price, quantity) = (new.price, new.quantity)
    if let bound = exceeded(
      target.account, target.instrument, target.side, quantity, at: price, stop: new.waitingStop)
    {
      return .refused(.beyondBound(bound))
    }
    if request.changes.price != nil, new.waitingStop == nil, target.phase == .working,
      target.refusesOwn, let own = crossing(target, new.timeInForce, at: price, in: index)
    {
      return .refused(.selfCross(existing: own))
    }
    let others = target.isExit ? siblings.filter(\.isExit).map(\.price) : []
    let extra = Hold.extra(
      target.side, oldPrice: (others + [target.price]).max()!, oldLeaves: target.leaves,
      newPrice: (others + [price]).max()!, newLeaves: quantity - target.filled)
    if let refusal = lacking(extra, target.side, target.account, target.instrument, requested: quantity) {
      return .refused(refusal)
    }
    take(extra, target.side, target.account, target.instrument)
    let id = nextOrderID(request.account, shard: target.shard, random: request.random)
    let order = OrderRecord(
      id: id, account: target.account, clientOrderID: request.clientOrderID,
      instrument: target.instrument, shard: target.shard, sequence: .zero, priority: .zero, terms: new.terms,
      filled: target.filled, filledValue: target.filledValue, replaces: target.id, updatedAt: now,
      conditions: new.conditions)
    remember(order, request.idempotencyKey, request.clientKey)
    if order.trigger == nil || order.phase == .working {
      placed[.init(account: order.account, instrument: order.instrument), default: []].append(plan.orders.count)
    }
    mark(target, .replace)
    plan.entries.append(
      .init(
        shard: target.shard,
        command: .replace(
          ReplaceOrder(
            order: PlaceOrder(order), target: target.id, targetSequence: target.sequence,
            targetLeg: target.conditions?.leg ?? 0, extraHold: extra)),
        order: plan.orders.count))
    plan.orders.append(order)
    return .accepted(order: plan.orders.count - 1)
  }

  /// The other open orders of an order's class.
  private func siblings(of target: OrderRecord) -> [OrderRecord] {
    guard let group = target.conditions?.group else { return [] }
    return snapshot.targets.values
      .filter {
        $0.conditions?.group == group && $0.id != target.id && $0.status.isOpen && $0.account == target.account
      }
      // A replacement on its way is not the class's order yet.
      .filter { order in order.replaces.map { snapshot.targets[$0]?.status.isOpen != true } ?? true }
  }

  /// Puts the changes in lock order.
  func finish() -> AcceptancePlan {
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
  private func identity(_ account: AccountNumber, _ idempotency: RequestKey?, _ client: RequestKey) -> AcceptancePlan
    .Outcome?
  {
    if let key = idempotency, let use = snapshot.keys[.init(account: account, digest: key.digest)] {
      return use.fingerprint == key.fingerprint ? .repeated(use.order) : .refused(.idempotencyKeyReused)
    }
    return isUsed(client, account) ? .refused(.duplicateClientOrderID) : nil
  }

  private func isUsed(_ key: RequestKey, _ account: AccountNumber) -> Bool {
    snapshot.keys[.init(account: account, digest: key.digest)] != nil
  }

  /// Why an account takes no orders; nil when it does.
  private func closed(_ number: AccountNumber) -> RejectReason? {
    switch snapshot.accounts[number]?.status {
    case .active: return nil
    case .suspended: return .tradingSuspended
    case .blocked, nil: return .accountBlocked
    }
  }

  /// Why a new order's own terms keep it out, those of its legs included; nil when they do not.
  private func unfit(_ request: PlaceRequest) -> RejectReason? {
    if let contradiction = request.terms.contradiction(
      hasTrigger: request.trigger != nil, orderClass: request.orderClass)
    {
      return .contradictoryTerms(contradiction)
    }
    if request.timeInForce.isImmediate, request.trigger == nil, snapshot.collecting.contains(request.instrument) {
      return .marketClosed
    }
    let prices = [request.price] + request.legs.map(\.terms.price)
    guard prices.allSatisfy({ $0.cost(of: request.quantity) != nil }) else { return .notionalTooLarge }
    let sideOfLegs = request.orderClass == .oco ? request.side : request.side.opposite
    let orders =
      [(request.side, request.price, request.trigger?.stop)]
      + request.legs.map { (sideOfLegs, $0.terms.price, $0.terms.stop) }
    for (side, price, stop) in orders {
      if let bound = exceeded(request.account, request.instrument, side, request.quantity, at: price, stop: stop) {
        return .beyondBound(bound)
      }
    }
    return nil
  }

  /// Why a new order would do something else to the position than its client means it to; nil when it says nothing of it.
  private func unlike(_ request: PlaceRequest) -> RejectReason? {
    guard let specified = request.positionIntent else { return nil }
    let position = snapshot.positions[.init(account: request.account, instrument: request.instrument)]
    let closes = request.side == .sell && (position?.quantity ?? .zero) > .zero
    let inferred: PositionIntent = request.side == .buy ? .buyToOpen : closes ? .sellToClose : .sellToOpen
    if specified != inferred { return .positionIntent(inferred: inferred, specified: specified) }
    return specified == .sellToOpen ? .shortSale : nil
  }

  /// Which of the operator's bounds an order is beyond; nil when it keeps within all of them.
  /// - Parameter stop: The price that it waits for. An order that waits is measured by where the market will be when it comes
  ///   into the book: a trade there or beyond is what lets it in, so what keeps within the collar of its stop will keep within
  ///   that of the last price.
  private func exceeded(
    _ account: AccountNumber, _ instrument: InstrumentID, _ side: Side, _ quantity: Quantity, at price: Price,
    stop: Price?
  ) -> ExceededBound? {
    for bounds in snapshot.bounds
    where (bounds.account ?? account) == account && (bounds.instrument ?? instrument) == instrument {
      if let exceeded = bounds.bounds.exceeded(side, quantity, at: price, last: stop ?? snapshot.lastPrices[instrument])
      {
        return exceeded
      }
    }
    return nil
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
      let key = AcceptanceSnapshot.PositionKey(account: number, instrument: instrument)
      snapshot.positions[key]!.held += Quantity(rawValue: hold)
      heldShares[key, default: .zero] += Quantity(rawValue: hold)
    }
  }

  /// An order of the same account that the request would trade with: stored, or placed earlier in this batch.
  private func crossing(_ request: PlaceRequest, at index: Int) -> OrderID? {
    snapshot.crossing[index]
      ?? crossing(
        request.side, request.timeInForce, at: request.price,
        .init(account: request.account, instrument: request.instrument))
  }

  /// The same of an order that is to have another price.
  private func crossing(
    _ target: OrderRecord, _ timeInForce: TimeInForce, at price: Price, in index: Int
  ) -> OrderID? {
    snapshot.crossing[index]
      ?? crossing(target.side, timeInForce, at: price, .init(account: target.account, instrument: target.instrument))
  }

  private func crossing(
    _ side: Side, _ timeInForce: TimeInForce, at price: Price, _ position: AcceptanceSnapshot.PositionKey
  ) -> OrderID? {
    let meets = (placed[position] ?? []).first { index in
      let order = plan.orders[index]
      // A market order stands only where orders are collected; there the books keep it from trading with its own account.
      let rests = order.type == .limit && order.timeInForce.mayStand(before: timeInForce)
      guard rests, order.side != side else { return false }
      return side == .buy ? order.price <= price : order.price >= price
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
      let name = AcceptanceSnapshot.KeyName(account: order.account, digest: key.digest)
      let use = AcceptanceSnapshot.KeyUse(order: order.id, fingerprint: key.fingerprint)
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
      id: order.id, account: order.account, instrument: order.instrument, terms: order.terms, trigger: order.trigger)
  }
}

extension OrderConditions {
  /// The conditions of a new order at the head of its class, if it has a class; nil for a plain one.
  fileprivate init?(_ request: PlaceRequest, _ id: OrderID) {
    guard request.trigger != nil || !request.legs.isEmpty else { return nil }
    self.init(
      trigger: request.trigger, orderClass: request.orderClass, role: request.orderClass == .oco ? .takeProfit : .main,
      group: request.legs.isEmpty ? nil : id, phase: request.trigger == nil ? .working : .waiting)
  }
}
