public import Market

/// Executions of one position in their order: purchases that follow each other are told together, and sales likewise, which
/// changes nothing for ``PositionCost``.
public struct PositionFills: Hashable, Sendable {
  /// Purchases, or sales, without anything between them.
  public struct Run: Hashable, Sendable {
    /// Shares that were bought; below zero, that were sold.
    public var shares: Quantity
    /// What the bought shares cost; nothing for sales.
    public var value: Money

    /// Makes a run.
    public init(shares: Quantity, value: Money) {
      self.shares = shares
      self.value = value
    }
  }

  /// The runs, each of the other direction than the one before it.
  public private(set) var runs: [Run] = []

  /// No executions.
  public init() {}

  /// Whether nothing was executed.
  public var isEmpty: Bool { runs.isEmpty }
  /// Shares bought.
  public var bought: Quantity { runs.reduce(.zero) { $1.shares > .zero ? $0 + $1.shares : $0 } }
  /// Shares sold.
  public var sold: Quantity { runs.reduce(.zero) { $1.shares < .zero ? $0 - $1.shares : $0 } }
  /// What the bought shares cost.
  public var cost: Money { runs.reduce(.zero) { $0 + $1.value } }

  /// Adds a purchase.
  public mutating func buy(_ shares: Quantity, for value: Money) { add(shares, value) }

  /// Adds a sale.
  public mutating func sell(_ shares: Quantity) { add(.zero - shares, .zero) }

  private mutating func add(_ shares: Quantity, _ value: Money) {
    if let last = runs.indices.last, (runs[last].shares > .zero) == (shares > .zero) {
      runs[last].shares += shares
      runs[last].value += value
    } else {
      runs.append(Run(shares: shares, value: value))
    }
  }
}
