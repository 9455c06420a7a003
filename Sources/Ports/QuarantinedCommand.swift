public import Market
public import Sharding

/// A command in quarantine, or one that was there.
public struct QuarantinedCommand: Hashable, Sendable {
  /// What it asked for, as far as an operator wants to know.
  public struct Request: Hashable, Sendable {
    /// `place`, `cancel` or `replace`; of what the exchange itself asks for `step`, `expire`, `halt` or `resume`.
    public var kind: String
    /// Whether an operator had refused it when it came to its turn.
    public var isRefused: Bool
    /// When it was accepted.
    public var acceptedAt: Timestamp
    /// Whose; nil for the exchange.
    public var account: AccountNumber?
    /// The order that it places, or that it is to cancel; nil for what the exchange asks for.
    public var order: OrderID?
    /// The stage that a step leads to.
    public var point: SessionPoint?
    /// Of what; nil for an instrument that is gone.
    public var symbol: String?
    /// Which way; nil for what places no order.
    public var side: Side?
    /// The limit; nil for what places no order.
    public var price: Price?
    /// The order's shares; nil for what places no order.
    public var quantity: Quantity?

    /// A request of which no more is known yet.
    public init(kind: String, isRefused: Bool, acceptedAt: Timestamp) {
      self.kind = kind
      self.isRefused = isRefused
      self.acceptedAt = acceptedAt
    }
  }

  /// How it left the quarantine.
  public enum Resolution: String, Hashable, Sendable {
    /// It was appended to the log again, to be carried out.
    case retried
    /// It was appended to the log again, to be rejected.
    case refused
  }

  /// Which log.
  public var shard: Shard
  /// Where in it.
  public var sequence: Sequence
  /// When it was set aside.
  public var quarantinedAt: Timestamp
  /// The reason, in words for people.
  public var reason: String
  /// How often it was tried.
  public var tries: Int
  /// Who set it aside, as owner of which epoch.
  public var worker: WorkerID?
  /// The epoch.
  public var epoch: Epoch
  /// What it asked for; nil when its log row is gone.
  public var request: Request?
  /// How it was resolved; nil while it is in quarantine.
  public var resolution: Resolution?
  /// When it was resolved; nil while it is not.
  public var resolvedAt: Timestamp?
  /// The log row by which it came back.
  public var resolvedSequence: Sequence?
  /// What the operator said.
  public var note: String?

  /// A command that is in quarantine, of which the log row is not there.
  public init(
    shard: Shard, sequence: Sequence, quarantinedAt: Timestamp, reason: String, tries: Int, worker: WorkerID?,
    epoch: Epoch
  ) {
    self.shard = shard
    self.sequence = sequence
    self.quarantinedAt = quarantinedAt
    self.reason = reason
    self.tries = tries
    self.worker = worker
    self.epoch = epoch
  }
}
