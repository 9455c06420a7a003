internal import Glibc
internal import Lifecycle
internal import Postgres

/// How a migration waits for locks: never long at a time, so that whoever queues behind it waits no longer, and for as long
/// as it takes.
public struct MigrationPatience: Sendable {
  /// For how long one lock is asked for.
  public var lockTimeout = TimeLimits.migrationLockTimeout.value
  /// The shortest pause before it is asked for again; up to as much again is added by chance.
  public var rest = Duration.seconds(1)
  /// How many waits in a row are told of, and every how many from then on.
  var reportedWaits = 3
  var reportedEvery = 10

  /// The defaults.
  public init() {}

  /// Runs `body` until it comes to its end or fails for another reason than a lock.
  func retrying(
    _ step: String, _ connection: inout PostgresConnection, _ waiting: (MigrationWait) -> Void,
    _ body: (inout PostgresConnection) throws(PostgresError) -> Void
  ) throws(PostgresError) {
    var attempts = 0
    while true {
      do {
        try connection.execute(MigrationStatements.setLockTimeout(lockTimeout))
        try body(&connection)
        return try connection.execute(MigrationStatements.resetLockTimeout)
      } catch {
        guard error.isConflict else { throw error }
        try connection.rollBack()
        attempts += 1
        if attempts <= reportedWaits || attempts % reportedEvery == 0 {
          waiting(MigrationWait(step: step, attempts: attempts, sessions: try MigrationWait.sessions(&connection)))
        }
        pause()
      }
    }
  }

  private func pause() {
    let rest = rest / .microseconds(1)
    usleep(UInt32(clamping: Int64(rest + .random(in: 0...rest))))
  }
}

/// A lock that a migration could not have.
public struct MigrationWait: Sendable, CustomStringConvertible {
  /// Which step.
  public var step: String
  /// How often it was tried.
  public var attempts: Int
  /// Who may hold it up: sessions with open transactions that lock tables of this database, the oldest first.
  public var sessions: [Session]

  /// A session of the server.
  public struct Session: Hashable, Sendable, CustomStringConvertible {
    /// Its server process.
    public var pid: Int32
    /// What it calls itself; may be empty.
    public var applicationName: String
    /// When its transaction began, as the server writes times; empty when this user may not see it.
    public var since: String

    public var description: String {
      "pid \(pid) (\(applicationName.isEmpty ? "unnamed" : applicationName))"
        + (since.isEmpty ? "" : ", in a transaction since \(since)")
    }
  }

  public var description: String {
    let who = sessions.isEmpty ? "sessions that are gone by now" : sessions.map(\.description).joined(separator: "; ")
    return
      "\(step) waits for a lock, tried \(attempts) \(attempts == 1 ? "time" : "times"); tables are in use by: \(who)"
  }

  static func sessions(_ connection: inout PostgresConnection) throws(PostgresError) -> [Session] {
    let rows = try connection.query(PostgresCall(MigrationStatements.sessions))
    return (0..<rows.count).map {
      Session(pid: rows.int4($0, 0), applicationName: rows.text($0, 1), since: rows.text($0, 2))
    }
  }
}
