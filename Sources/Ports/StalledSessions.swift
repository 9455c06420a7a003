/// Ends sessions of the ledger whose client has stopped in the middle of a conversation while they hold locks, so that
/// nobody waits for a process that is frozen or cut off.
public protocol StalledSessions: Sendable {
  /// Looks for such sessions and ends them. What came of it goes to whoever the adapter was told to report to.
  func end() async
}

/// What came of a look for stalled sessions.
public enum StalledSessionEvent: Hashable, Sendable {
  /// A session was ended: nothing had come from its client, or been taken by it, for a while.
  case ended(StalledSession)
  /// Sessions of this role cannot be judged: its rights have not been granted to the owner of the schema.
  case beyondReach(role: String)
  /// The look failed.
  case failed(reason: String)
}

/// A session of the ledger whose client had stopped.
public struct StalledSession: Hashable, Sendable {
  /// The server's process.
  public var process: Int32
  /// What the session called itself: program and role.
  public var application: String
  /// The role of the database that it ran as.
  public var role: String
  /// What it waited for: `ClientRead` or `ClientWrite`.
  public var wait: String
  /// How long it had waited.
  public var silent: Duration

  /// Names one.
  public init(process: Int32, application: String, role: String, wait: String, silent: Duration) {
    self.process = process
    self.application = application
    self.role = role
    self.wait = wait
    self.silent = silent
  }
}
