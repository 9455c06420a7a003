/// From when on something is a finding.
public struct FindingLimits: Hashable, Sendable {
  /// How long there may be no leader, or a shard without an owner, while others take over.
  public var takeOver = Duration.seconds(3)
  /// How long a shard with rows to work may stand.
  public var standstill = Duration.seconds(10)
  /// How long a process looks at such a shard itself before it believes the stored time of its last progress.
  public var witness = Duration.seconds(3)
  /// A clock that is off by this is worth a warning.
  public var skewWarned = Duration.seconds(1)
  /// A worker whose clock is off by this claims nothing.
  public var skewRefused = Duration.seconds(30)
  /// Days after today that should have their tables.
  public var daysAhead = 2
  /// How long an instrument is halted before somebody should think of it.
  public var halt = Duration.seconds(3_600)

  /// The usual limits.
  public init() {}
}
