internal import Accounting
package import Market
package import Ports

/// Cancels everything that an account has open: for clients who ask for it, before positions are closed, and for operators
/// who block an account.
///
/// The cancels are accepted like those of single orders, so they are durable before anybody waits; a repeat is harmless.
package struct CancelAllService: Sendable {
  /// Open orders that are read at once.
  static let page = 500
  /// How often a cancel of one order is handed in while it is waited for: a worker refuses it while a replacement is on its
  /// way.
  static let triesPerOrder = 3
  /// How often it is looked what is open while it is waited for.
  static let interval = Duration.milliseconds(100)

  /// One walk over what is open.
  package struct Pass: Sendable {
    /// What was open, from the newest to the oldest.
    package var open: [OrderID] = []
    /// Of these what was canceled, in the same order.
    package var canceled: [CanceledOrder] = []
    /// Whether the sender's key is out of date: then the walk has ended early.
    package var isCredentialStale = false
  }

  /// What became of the orders.
  package struct Outcome: Hashable, Sendable {
    /// Canceled, a part of them perhaps executed before.
    package var canceled = 0
    /// Filled before the cancel came.
    package var filled = 0
    /// Ended in another way.
    package var ended = 0
    /// Still open: their cancels are stored and will be carried out.
    package var open = 0

    /// Nothing was open.
    package init() {}
  }

  private let reader: any AccountReader
  private let entry: any CancelAcceptance

  /// Reads what is open here, and hands cancels in there.
  package init(reader: any AccountReader, entry: any CancelAcceptance) {
    self.reader = reader
    self.entry = entry
  }

  /// Cancels what is open, held legs included, a page after the other from the newest to the oldest, so that orders which
  /// come meanwhile are not met.
  /// - Parameter isDue: Which of them; all by default.
  /// - Throws: ``StoreError`` when the database is away: part of the cancels may be stored.
  package func pass(
    over sender: OrderSender, where isDue: (ShownOrder) -> Bool = { _ in true }
  ) async throws(StoreError) -> Pass {
    var pass = Pass()
    var query = OrderQuery(account: sender.account)
    query.limit = Self.page
    while true {
      let page = try await reader.orders(query)
      pass.open += page.map(\.record.id)
      let due = page.filter(isDue).map(\.record.id)
      let replies = try await entry.submit(
        due.map { CancelRequest(account: sender.account, order: $0, keysVersion: sender.keysVersion) })
      pass.canceled += zip(due, replies).map { CanceledOrder(order: $0, reply: $1) }
      pass.isCredentialStale = replies.contains(.answered(.refused(.staleCredential)))
      guard !pass.isCredentialStale, page.count == query.limit, let last = page.last else { return pass }
      query.before = last.record.id
    }
  }

  /// Waits, for a bounded time, until the books have let go of what a walk has found. Orders that came later are not waited
  /// for.
  /// - Parameters:
  ///   - looks: How often it is looked at most; once at least.
  ///   - pause: The pause between two looks.
  func waitUntilClosed(
    _ pass: Pass, of account: AccountNumber, polls: Int, pause: Duration
  ) async throws(StoreError) {
    guard let newest = pass.open.max() else { return }
    var query = OrderQuery(account: account)
    query.limit = 1
    query.before = UniqueID(high: newest.high, low: newest.low &+ 1)
    for _ in 0..<max(1, polls) {
      if try await reader.orders(query).isEmpty { return }
      try? await Task.sleep(for: pause)
    }
  }

  /// Cancels what is open and goes on until it is closed: for accounts that are blocked, where it only becomes less.
  /// - Parameters:
  ///   - patience: How long it is waited for the workers, looking every tenth of a second.
  ///   - progress: Gets how many are open and how many were, as often as it is looked.
  /// - Throws: ``StoreError`` when the database is away: part of the cancels may be stored.
  package func untilClosed(
    _ account: AccountNumber, patience: Duration, progress: (_ open: Int, _ all: Int) -> Void
  ) async throws(StoreError) -> Outcome {
    let sender = OrderSender(account: account, keysVersion: nil)
    var tries: [OrderID: Int] = [:]
    let deadline = ContinuousClock().now.advanced(by: patience)
    while true {
      let pass = try await pass(over: sender) {
        $0.status != .pendingCancel && tries[$0.record.id, default: 0] < Self.triesPerOrder
      }
      for order in pass.open { tries[order, default: 0] += 0 }
      for canceled in pass.canceled { tries[canceled.order, default: 0] += 1 }
      progress(pass.open.count, tries.count)
      if pass.open.isEmpty || ContinuousClock().now >= deadline {
        return try await outcome(Set(tries.keys), of: account)
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  private func outcome(_ ids: Set<OrderID>, of account: AccountNumber) async throws(StoreError) -> Outcome {
    var outcome = Outcome()
    guard let first = ids.min(), let last = ids.max() else { return outcome }
    var query = OrderQuery(account: account)
    query.scope = .all
    query.limit = Self.page
    // Exclusive bounds that take a few others in.
    query.after = first.high > 0 ? UniqueID(high: first.high - 1, low: .max) : nil
    query.before = last.high < .max ? UniqueID(high: last.high + 1, low: 0) : nil
    while true {
      let page = try await reader.orders(query)
      for order in page where ids.contains(order.record.id) { outcome.count(order.record.status) }
      guard page.count == query.limit, let oldest = page.last else { return outcome }
      query.before = oldest.record.id
    }
  }
}

extension CancelAllService.Outcome {
  fileprivate mutating func count(_ status: OrderStatus) {
    switch status {
    case .canceled: canceled += 1
    case .filled: filled += 1
    case .accepted, .partiallyFilled: open += 1
    case .expired, .replaced, .rejected: ended += 1
    }
  }
}
