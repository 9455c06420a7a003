/// The internal number of an account, dense and never reused; the wire shows it as `account_number`.
@frozen
public struct AccountNumber: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number.
  public let rawValue: Int64
  /// Names an account by its number.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }
  @inlinable
  public static func < (a: AccountNumber, b: AccountNumber) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// The internal number of an instrument.
@frozen
public struct InstrumentID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number.
  public let rawValue: Int32
  /// Names an instrument by its number.
  @inlinable
  public init(rawValue: Int32) { self.rawValue = rawValue }
  @inlinable
  public static func < (a: InstrumentID, b: InstrumentID) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// A shard: a fixed set of instruments whose commands form one numbered log. 0 to `shards - 1`.
@frozen
public struct Shard: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number of the shard.
  public let rawValue: Int16
  /// Names a shard by its number.
  @inlinable
  public init(rawValue: Int16) { self.rawValue = rawValue }
  @inlinable
  public static func < (a: Shard, b: Shard) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// A position in a shard's command log: 1, 2, 3 … without gaps. It is time priority, recovery cursor and duplicate filter in one.
@frozen
public struct Sequence: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number; 0 stands before the first command.
  public let rawValue: Int64
  /// Names a position in the log.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }
  /// Before the first command.
  public static let zero = Sequence(rawValue: 0)
  /// The position after this one.
  @inlinable
  public var next: Sequence { Sequence(rawValue: rawValue + 1) }
  @inlinable
  public static func < (a: Sequence, b: Sequence) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// How often a shard has changed hands; PostgreSQL hands it out and refuses commits of older ones.
@frozen
public struct Epoch: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number; 0 means never claimed.
  public let rawValue: Int64
  /// Names an epoch.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }
  @inlinable
  public static func < (a: Epoch, b: Epoch) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}
