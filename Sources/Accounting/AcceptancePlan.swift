public import Market

/// What accepting a batch of requests writes, and what each request is answered: made from a snapshot, without I/O.
public struct AcceptancePlan: Sendable {
  /// The answer to one request.
  public enum Outcome: Hashable, Sendable {
    /// The order is accepted; its place in the log is still to be numbered (index into ``AcceptancePlan/orders``).
    case accepted(order: Int)
    /// The cancel is accepted.
    case cancelAccepted
    /// A cancel of this order was accepted before and is on its way.
    case cancelPending
    /// The request came before with the same idempotency key and made this order.
    case repeated(OrderID)
    /// Refused; nothing is written.
    case refused(RejectReason)
  }

  /// A change of an account's money and clock.
  public struct AccountChange: Hashable, Sendable {
    /// Which account.
    public var account: AccountNumber
    /// How much more is held.
    public var held: Money
    /// When its last order was submitted.
    public var lastSubmitted: Timestamp
  }

  /// A change of a position's held shares.
  public struct PositionChange: Hashable, Sendable {
    /// Which position.
    public var key: AcceptanceSnapshot.PositionKey
    /// How much more is held.
    public var held: Quantity
  }

  /// A request key's first use.
  public struct KeyChange: Hashable, Sendable {
    /// Whose key, and which.
    public var name: AcceptanceSnapshot.KeyName
    /// What it stands for from now on.
    public var use: AcceptanceSnapshot.KeyUse
  }

  /// A mark on an open order that a change is on its way.
  public struct PendingMark: Hashable, Sendable {
    /// Whose order.
    public var account: AccountNumber
    /// Which order.
    public var order: OrderID
    /// What is on its way.
    public var pending: PendingChange
  }

  /// A log row that is still to be numbered.
  public struct Entry: Hashable, Sendable {
    /// Which log.
    public var shard: Shard
    /// What it asks for.
    public var command: Command
    /// The order row that it places (index into ``AcceptancePlan/orders``).
    public var order: Int?
    /// How many legs it places beside; their rows follow the order's.
    public var legs = 0
  }

  /// The answers, in the order of the requests.
  public var outcomes: [Outcome] = []
  /// Changed accounts, in order of their numbers.
  public var accounts: [AccountChange] = []
  /// Changed positions, in order of their keys.
  public var positions: [PositionChange] = []
  /// New request keys.
  public var keys: [KeyChange] = []
  /// New orders; their sequences are still 0.
  public var orders: [OrderRecord] = []
  /// Marks on open orders.
  public var marks: [PendingMark] = []
  /// Log rows in the order of the requests.
  public var entries: [Entry] = []

  /// The rows that a log row places (indices into ``orders``).
  public func rows(of entry: Entry) -> Range<Int> {
    entry.order.map { $0..<($0 + 1 + entry.legs) } ?? 0..<0
  }

  /// Whether there is anything to write.
  public var isEmpty: Bool { entries.isEmpty }
}

extension AcceptancePlan {
  /// Judges the requests one after the other, each with what the ones before it have left.
  ///
  /// The order of checks is: identity (idempotency key, then client order id), whether the account may trade, money or
  /// shares, meeting one's own orders. Identity comes before money, so that a client that repeats an accepted order always
  /// learns that it is there.
  /// - Parameters:
  ///   - requests: The batch.
  ///   - snapshot: What it is judged by; accounts that it does not name do not exist.
  ///   - now: The wall clock; submissions of one account are strictly later than each other all the same.
  public init(requests: [AcceptanceRequest], snapshot: AcceptanceSnapshot, now: Timestamp) {
    var riskCheck = RiskCheck(snapshot: snapshot, now: now)
    for (index, request) in requests.enumerated() {
      guard riskCheck.isCurrent(request) else {
        riskCheck.plan.outcomes.append(.refused(.staleCredential))
        continue
      }
      let outcome: Outcome
      switch request {
      case .place(let place): outcome = riskCheck.place(place, at: index)
      case .cancel(let cancel): outcome = riskCheck.cancel(cancel)
      case .replace(let replace): outcome = riskCheck.replace(replace, at: index)
      }
      riskCheck.plan.outcomes.append(outcome)
    }
    self = riskCheck.finish()
  }
}
