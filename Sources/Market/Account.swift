/// Whether an account may trade. Raw values are stored.
@frozen
public enum AccountStatus: UInt8, Hashable, Sendable {
  /// May trade.
  case active = 0
  /// May look and cancel, not place.
  case blocked = 1
}
