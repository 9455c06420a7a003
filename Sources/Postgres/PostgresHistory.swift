/// Which cluster a server belongs to, and on which branch of its history it writes: every promotion begins a new one.
public struct PostgresHistory: Hashable, Sendable {
  /// The cluster's identifier; replicas have their primary's.
  public var system: Int64
  /// The timeline.
  public var timeline: Int32

  /// From the log's own position: right after a promotion the control file still names the old timeline.
  static let statement = PostgresStatement(
    "history",
    """
    SELECT system_identifier, CASE WHEN NOT pg_is_in_recovery()
      THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END
    FROM pg_control_system()
    """)
}
