/// Which database of which cluster a server serves, and on which branch of its history it writes: every promotion begins a new
/// one, and so may every start, for what was started may be a copy of files as they were before.
public struct PostgresTimeline: Hashable, Sendable {
  /// The cluster's identifier; replicas and copies have their primary's.
  public var system: Int64
  /// The timeline.
  public var timeline: Int32
  /// The database's OID in its cluster: one that a dump is restored into has another.
  public var database: Int64
  /// When the server was started, in microseconds since 1970. Told apart, never compared with a clock.
  public var startedAt: Int64

  /// From the log's own position: right after a promotion the control file still names the old timeline.
  static let statement = PostgresStatement(
    "history",
    """
    SELECT system_identifier, CASE WHEN NOT pg_is_in_recovery()
      THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END,
      (SELECT d.oid::bigint FROM pg_database d WHERE d.datname = current_database()),
      (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint
    FROM pg_control_system()
    """)
}
