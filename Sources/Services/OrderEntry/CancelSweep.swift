internal import Accounting
public import Market
public import Ports

/// Cancels everything that an account has open, and waits until it is closed.
///
/// It is for accounts that are blocked: what is open can then only become less. The cancels are accepted like clients' own, so
/// they are durable before anybody waits; a repeat is harmless.
public struct CancelSweep: Sendable {
  /// Orders read, and cancels accepted, at once.
  static let batch = 256
  /// How often a cancel of one order is handed in: a worker refuses it while a replacement is on its way.
  static let triesPerOrder = 3
  /// How often a batch is handed in whose fate is not known.
  static let triesPerBatch = 3
  /// How often it is looked what is open.
  static let interval = Duration.milliseconds(100)

  /// What became of the orders.
  public struct Outcome: Hashable, Sendable {
    /// Cancelled, a part of them perhaps executed before.
    public var cancelled = 0
    /// Filled before the cancel came.
    public var filled = 0
    /// Ended in another way.
    public var ended = 0
    /// Still open: their cancels are stored and will be carried out.
    public var open = 0

    /// Nothing was open.
    public init() {}
  }

  private let ledger: any EntryLedger
  private let reader: any AccountReader
  private let now: @Sendable () -> Timestamp

  /// Sweeps by these.
  public init(ledger: any EntryLedger, reader: any AccountReader, now: @escaping @Sendable () -> Timestamp) {
    self.ledger = ledger
    self.reader = reader
    self.now = now
  }

  /// Cancels what is open, held legs included.
  /// - Parameters:
  ///   - patience: How long it is waited for the workers, looking every tenth of a second.
  ///   - tell: Gets how many are open and how many were, as often as it is looked.
  /// - Throws: ``LedgerError`` when the database is away: part of the cancels may be stored.
  public func run(
    _ account: AccountNumber, patience: Duration, tell: (_ open: Int, _ all: Int) -> Void
  ) async throws(LedgerError) -> Outcome {
    var tries: [OrderID: Int] = [:]
    let deadline = ContinuousClock().now.advanced(by: patience)
    while true {
      let open = try await orders(OrderQuery(account: account))
      let due = open.filter { $0.status != .pendingCancel && tries[$0.record.id, default: 0] < Self.triesPerOrder }
      for order in open { tries[order.record.id, default: 0] += 0 }
      for order in due { tries[order.record.id, default: 0] += 1 }
      try await cancel(due.map(\.record.id), of: account)
      tell(open.count, tries.count)
      if open.isEmpty || ContinuousClock().now >= deadline { return try await outcome(Set(tries.keys), of: account) }
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Hands cancels in; what is refused has ended meanwhile.
  private func cancel(_ ids: [OrderID], of account: AccountNumber) async throws(LedgerError) {
    for start in stride(from: 0, to: ids.count, by: Self.batch) {
      let requests = ids[start..<min(start + Self.batch, ids.count)].map {
        EntryRequest.cancel(CancelRequest(account: account, order: $0))
      }
      var tries = 0
      while true {
        tries += 1
        do throws(LedgerError) {
          let accepted = try await ledger.accept(requests, now: now())
          guard !accepted.postponed.isEmpty else { break }
          guard tries < Self.triesPerBatch else {
            throw LedgerError.unavailable(.lockTimeout, reason: "another session holds the account")
          }
        } catch {
          guard error == .outcomeUnknown, tries < Self.triesPerBatch else { throw error }
        }
      }
    }
  }

  private func outcome(_ ids: Set<OrderID>, of account: AccountNumber) async throws(LedgerError) -> Outcome {
    var outcome = Outcome()
    guard let first = ids.min(), let last = ids.max() else { return outcome }
    var query = OrderQuery(account: account)
    query.scope = .all
    // Exclusive bounds that take a few others in.
    query.after = UniqueID(high: first.high - 1, low: .max)
    query.before = UniqueID(high: last.high + 1, low: 0)
    for order in try await orders(query) where ids.contains(order.record.id) {
      switch order.record.status {
      case .canceled: outcome.cancelled += 1
      case .filled: outcome.filled += 1
      case _ where order.record.status.isOpen: outcome.open += 1
      default: outcome.ended += 1
      }
    }
    return outcome
  }

  /// All orders that a question is about, a page after the other.
  private func orders(_ question: OrderQuery) async throws(LedgerError) -> [ShownOrder] {
    var query = question
    query.limit = Self.batch
    var orders: [ShownOrder] = []
    while true {
      let page = try await reader.orders(query)
      orders += page
      guard page.count == query.limit, let last = page.last else { return orders }
      query.before = last.record.id
    }
  }
}
