internal import Market

/// An order of the recording that later rows can refer to.
struct ReplayOrder: Sendable {
  let account: Int
  /// The row of its entry.
  let row: Int
  /// The gateway's identifier, of the latest replacement; nil until it is acknowledged.
  var identifier: String?
  /// Its whole quantity, reductions taken off, as recorded.
  var quantity: Int64
  /// What of it rests, as recorded.
  var leaves: Int64
  /// Commands behind the one under way.
  var waiting: [ReplayJob.Request] = []
  /// A command is under way.
  var isBusy = true
  /// Rows of aggressors that wait for its acknowledgement.
  var aggressors: [Int] = []

  var isDone: Bool { leaves <= 0 && !isBusy && waiting.isEmpty }
}

extension ReplayJob {
  /// A command on an order whose identifier is not known yet.
  struct Request: Sendable {
    var row: Int
    /// The quantity to replace it with; nil to cancel it.
    var quantity: Int64?
  }
}

// MARK: - Rows become commands

extension ReplayPlan {
  mutating func admit(_ row: FlowRow) {
    tally.rows += 1
    switch row.action {
    case .skip(let reason): tally.skip(reason.rawValue)
    case .enter(let order): enter(order, row: row.number, isImmediate: false)
    case .take(let order): enter(order, row: row.number, isImmediate: true)
    case .cancel(let id):
      orders[id]?.leaves = 0
      enqueue(.init(row: row.number), on: id)
    case .reduce(let id, let shares):
      orders[id]?.quantity -= shares
      orders[id]?.leaves -= shares
      let goesOn = orders[id].map { $0.leaves > 0 } ?? false
      enqueue(.init(row: row.number, quantity: goesOn ? orders[id]!.quantity : nil), on: id)
    }
  }

  private mutating func enter(_ order: FlowOrder, row: Int, isImmediate: Bool) {
    let rests = !isImmediate && order.quantity > order.filledAtOnce
    guard !rests || orders[order.id] == nil else { return tally.skip("an order with this id rests already") }
    let account = settings.accounts.account(order: order.id == 0 ? UInt64(row) : order.id, side: order.side)
    let terms = LimitOrder(
      symbol: settings.symbol.description, side: order.side, price: order.price, quantity: order.quantity,
      isImmediate: isImmediate, clientOrderID: "\(settings.run)-\(row)")
    let job = ReplayJob(row: row, order: rests ? order.id : nil, account: account, work: .submit(terms))
    expect(order.filledAtOnce, row: row)
    let makers = noteFills(order.fills, aggressor: row)
    if rests {
      orders[order.id] = ReplayOrder(
        account: account, row: row, quantity: order.quantity, leaves: order.quantity - order.filledAtOnce)
    }
    if makers == 0 { ready.append(job) } else { blocked[row] = (job, makers) }
  }

  /// Takes the fills off the makers; returns how many of them are not acknowledged yet.
  private mutating func noteFills(_ fills: [FlowFill], aggressor: Int) -> Int {
    var unacknowledged = 0
    for fill in fills {
      guard var maker = orders[fill.maker] else { continue }
      maker.leaves -= fill.quantity
      expect(fill.quantity, row: maker.row)
      if maker.identifier == nil {
        maker.aggressors.append(aggressor)
        unacknowledged += 1
      }
      orders[fill.maker] = maker.isDone ? nil : maker
    }
    return unacknowledged
  }

  private mutating func expect(_ shares: Int64, row: Int) {
    if settings.keepsExpectations, shares > 0 { expectedFills[row, default: 0] += shares }
  }

  private mutating func enqueue(_ request: ReplayJob.Request, on id: UInt64) {
    guard var order = orders[id] else { return tally.skip("its order is not in the recording, or finished early") }
    if order.isBusy {
      order.waiting.append(request)
      waitingCount += 1
    } else {
      order.isBusy = true
      ready.append(job(for: request, on: order, id))
    }
    orders[id] = order
  }

  private func job(for request: ReplayJob.Request, on order: ReplayOrder, _ id: UInt64) -> ReplayJob {
    let identifier = order.identifier!
    let work: ReplayJob.Work =
      if let quantity = request.quantity {
        .replace(
          order: identifier, quantity: quantity, clientOrderID: "\(settings.run)-\(order.row).\(request.row)")
      } else {
        .cancel(order: identifier)
      }
    return ReplayJob(row: request.row, order: id, account: order.account, work: work)
  }
}

// MARK: - Outcomes set others free

extension ReplayPlan {
  mutating func settle(_ job: ReplayJob, _ outcome: ReplayJob.Outcome) {
    guard let id = job.order, var order = orders[id] else { return }
    order.isBusy = false
    var isGone = false
    switch outcome {
    case .placed(let identifier): order.identifier = identifier
    case .refused: isGone = !job.isReplace
    case .canceled, .late, .lost: isGone = true
    }
    release(&order)
    if isGone {
      tally.skip("its order is not in the recording, or finished early", order.waiting.count)
      waitingCount -= order.waiting.count
      orders[id] = nil
      return
    }
    if !order.waiting.isEmpty {
      waitingCount -= 1
      order.isBusy = true
      let request = order.waiting.removeFirst()
      ready.append(self.job(for: request, on: order, id))
    }
    orders[id] = order.isDone ? nil : order
  }

  /// Lets aggressors go that waited for this order alone.
  private mutating func release(_ order: inout ReplayOrder) {
    for row in order.aggressors {
      guard var entry = blocked[row] else { continue }
      entry.makers -= 1
      blocked[row] = entry.makers > 0 ? entry : nil
      if entry.makers == 0 { ready.append(entry.job) }
    }
    order.aggressors = []
  }
}
