/// Whether an account may trade. Raw values are stored.
@frozen
public enum AccountStatus: UInt8, Hashable, Sendable, CaseIterable {
  /// May trade.
  case active = 0
  /// May look and cancel, not place.
  case blocked = 1
  /// May look and cancel, not place, by its holder's own choice. Not stored as a status: the choice is kept apart, so that
  /// blocking and unblocking leave it alone.
  case suspended = 2
}
