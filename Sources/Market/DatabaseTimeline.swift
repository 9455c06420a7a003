/// A branch of the ledger's history: a fail-over begins a new one, in which the end of the old one may be missing, and so
/// does the restoring of a backup.
///
/// A log row of one branch says nothing in another: its number may stand for another command there.
public struct DatabaseTimeline: RawRepresentable, Hashable, Sendable {
  /// A name for the branch, zero or more.
  public let rawValue: Int64
  /// Names a branch.
  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// What a ledger that never fails over calls its only one.
  public static let unnamed = DatabaseTimeline(rawValue: 0)
}
