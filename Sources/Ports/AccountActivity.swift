public import Market

/// Something that changed an account's cash or shares.
public struct AccountActivity: Hashable, Sendable {
  /// The kinds, as clients know them.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// An execution.
    case fill = "FILL"
    /// Cash came in.
    case cashDeposit = "CSD"
    /// Cash went out.
    case cashWithdrawal = "CSW"
    /// Shares came in or went out.
    case shareJournal = "JNLS"
  }

  /// What is known of it beside the amount.
  public enum Detail: Hashable, Sendable {
    case fill(Fill)
    case cash(Money)
    case shares(InstrumentID, amount: Int64)
  }

  /// An execution's facts.
  public struct Fill: Hashable, Sendable {
    public var order: OrderID
    public var instrument: InstrumentID
    public var side: Side
    public var price: Price
    public var quantity: Quantity
    /// All of the order's executed shares after it.
    public var filled: Quantity
    /// The order's open shares after it; none for its last execution.
    public var leaves: Quantity

    /// Makes facts.
    public init(
      order: OrderID, instrument: InstrumentID, side: Side, price: Price, quantity: Quantity, filled: Quantity,
      leaves: Quantity
    ) {
      self.order = order
      self.instrument = instrument
      self.side = side
      self.price = price
      self.quantity = quantity
      self.filled = filled
      self.leaves = leaves
    }
  }

  /// Where it stands among the account's activities.
  public var place: ActivityPlace
  /// The moment at which it happened.
  public var at: Timestamp
  /// What happened, by its kind.
  public var detail: Detail

  /// Makes an activity.
  public init(place: ActivityPlace, at: Timestamp, detail: Detail) {
    self.place = place
    self.at = at
    self.detail = detail
  }

  /// Its kind.
  public var kind: Kind {
    switch detail {
    case .fill: return .fill
    case .cash(let amount): return amount < .zero ? .cashWithdrawal : .cashDeposit
    case .shares: return .shareJournal
    }
  }
}

/// Names an activity for good: the event or the journal line that it is.
public enum ActivityPlace: Hashable, Sendable {
  /// An order event.
  case event(shard: Shard, sequence: Sequence, ordinal: Int32)
  /// A journal's line for the account; asset 0 is cash.
  case journal(Int64, asset: Int32)

  /// A mark in the first half of a journal line's identifier, where an execution has another.
  private static let journalMark: UInt64 = 0x8A63

  /// The identifier on the wire: of an execution the same as in the event stream.
  public var id: UniqueID {
    switch self {
    case .event(let shard, let sequence, let ordinal):
      return .execution(shard: shard, sequence: sequence, ordinal: ordinal)
    case .journal(let number, let asset):
      return UniqueID(
        high: UInt64(number) << 16 | Self.journalMark, low: 0x8000_0000_0000_0000 | UInt64(UInt32(bitPattern: asset)))
    }
  }

  /// Reads an identifier; nil when it was not made by ``id``.
  public init?(id: UniqueID) {
    let low = id.low & 0x3FFF_FFFF_FFFF_FFFF
    if id.high & 0xFFFF == Self.journalMark {
      self = .journal(Int64(id.high >> 16), asset: Int32(bitPattern: UInt32(truncatingIfNeeded: low)))
    } else {
      self = .event(
        shard: Shard(rawValue: Int16(bitPattern: UInt16(truncatingIfNeeded: id.high >> 48))),
        sequence: Sequence(rawValue: Int64(low)),
        ordinal: Int32(bitPattern: UInt32(truncatingIfNeeded: id.high >> 16)))
    }
    guard self.id == id else { return nil }
  }
}

/// Which activities to list.
public struct ActivityQuery: Hashable, Sendable {
  /// The account that it belongs to.
  public var account: AccountNumber
  /// Which kinds.
  public var kinds: Set<AccountActivity.Kind>
  /// Only later ones.
  public var after: Timestamp?
  /// Only earlier ones.
  public var until: Timestamp?
  /// Only executions of this order; then no other kinds.
  public var order: OrderID?
  /// Only those behind this one in the list's order, with about when it was.
  public var behind: ActivityPlace?
  /// Earliest first instead of latest first.
  public var ascending = false
  /// Most activities.
  public var limit = 100

  /// Asks for an account's latest activities.
  public init(account: AccountNumber, kinds: Set<AccountActivity.Kind> = Set(AccountActivity.Kind.allCases)) {
    self.account = account
    self.kinds = kinds
  }
}
