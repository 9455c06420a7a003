internal import Synchronization

/// A count that only grows.
public final class Counter: Sendable {
  private let count = Atomic<Int64>(0)

  init() {}

  /// Adds to the count; traps on a negative number.
  public func add(_ amount: Int = 1) {
    precondition(amount >= 0, "a counter only grows")
    count.wrappingAdd(Int64(amount), ordering: .relaxed)
  }

  /// What has been counted since the process began.
  public var value: Int64 { count.load(ordering: .relaxed) }
}

/// A value that goes up and down.
public final class Gauge: Sendable {
  private let current = Atomic<Int64>(0)

  init() {}

  /// Replaces the value.
  public func set(_ value: Int64) { current.store(value, ordering: .relaxed) }

  /// Adds to the value, or takes from it.
  public func add(_ amount: Int64) { current.wrappingAdd(amount, ordering: .relaxed) }

  /// The value now.
  public var value: Int64 { current.load(ordering: .relaxed) }
}
