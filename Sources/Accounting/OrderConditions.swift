public import Market

/// What an order has beside the terms of a plain one: its trigger, its place in a class, and where it stands.
public struct OrderConditions: Hashable, Sendable {
  /// What it waits for, or waited for before it fired; nil when it never waits for a price.
  public var trigger: Trigger?
  /// The class that it belongs to.
  public var orderClass: OrderClass
  /// What it is to the class.
  public var role: OrderRole
  /// Names the class: the identifier of the first order that stood at its head; nil for an order by itself.
  public var group: OrderID?
  /// Which order of its log row it is: 0, or the number of a leg.
  public var leg: UInt8
  /// Whether it is shown below the order at the head of its class.
  public var isLeg: Bool
  /// Where it stands, if it is open and its command has been carried out.
  public var phase: OrderPhase
  /// Its place among the orders that entered the book by the command of its priority: 0 for the command's own, then those
  /// that fired or went live, as they came.
  public var activation: Int32

  /// Makes conditions.
  public init(
    trigger: Trigger? = nil, orderClass: OrderClass = .simple, role: OrderRole = .main, group: OrderID? = nil,
    leg: UInt8 = 0, isLeg: Bool = false, phase: OrderPhase = .working, activation: Int32 = 0
  ) {
    self.trigger = trigger
    self.orderClass = orderClass
    self.role = role
    self.group = group
    self.leg = leg
    self.isLeg = isLeg
    self.phase = phase
    self.activation = activation
  }
}
