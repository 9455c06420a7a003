public import Market
internal import Postgres
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
  /// Why.
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
  /// When.
  public var resolvedAt: Timestamp?
  /// The log row by which it came back.
  public var resolvedSequence: Sequence?
  /// What the operator said.
  public var note: String?
}

extension QuarantinedCommand {
  /// Reads a row of ``QuarantineStatements/list``.
  init(_ rows: PostgresRows, _ row: Int) throws(PostgresError) {
    func text(_ column: Int) -> String? { rows.isNull(row, column) ? nil : rows.text(row, column) }
    shard = Shard(rawValue: rows.int2(row, 0))
    sequence = Sequence(rawValue: rows.int8(row, 1))
    quarantinedAt = Timestamp(rawValue: rows.timestamp(row, 2))
    reason = rows.text(row, 3)
    tries = Int(rows.int4(row, 4))
    worker = text(5).map { WorkerID(rawValue: $0) }
    epoch = Epoch(rawValue: rows.int8(row, 6))
    resolution = text(7).flatMap { Resolution(rawValue: $0) }
    resolvedAt = rows.isNull(row, 8) ? nil : Timestamp(rawValue: rows.timestamp(row, 8))
    resolvedSequence = rows.isNull(row, 9) ? nil : Sequence(rawValue: rows.int8(row, 9))
    note = text(10)
    request = rows.isNull(row, 11) ? nil : try Request(rows, row, from: 11)
  }
}

extension QuarantinedCommand.Request {
  fileprivate init(_ rows: PostgresRows, _ row: Int, from first: Int) throws(PostgresError) {
    let raw = rows.int2(row, first)
    let stored: LogColumns.Kind = try PostgresStore.stored(raw & LogColumns.Kind.mask)
    kind = "\(stored)"
    isRefused = raw & LogColumns.Kind.refused != 0
    acceptedAt = Timestamp(rawValue: rows.timestamp(row, first + 1))
    symbol = rows.isNull(row, first + 4) ? nil : rows.text(row, first + 4)
    guard stored != .market else {
      let errand: LogColumns.Errand = try PostgresStore.stored(rows.int2(row, first + 5))
      kind = "\(errand)"
      if errand == .step {
        let day = Day(rawValue: Int32(truncatingIfNeeded: rows.int8(row, first + 6)))
        point = SessionPoint(day, try PostgresStore.stored(rows.int2(row, first + 8)))
      }
      return
    }
    account = AccountNumber(rawValue: rows.int8(row, first + 2))
    order = UniqueID(rows.uuid(row, first + 3))
    guard stored != .cancel else { return }
    side = try PostgresStore.stored(rows.int2(row, first + 5))
    price = Price(rawValue: rows.int8(row, first + 6))
    quantity = Quantity(rawValue: rows.int8(row, first + 7))
  }
}
