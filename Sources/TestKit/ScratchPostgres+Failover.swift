internal import Postgres

extension ScratchPostgres {
  /// Lets every commit wait until the replica has it, or no longer.
  public func setSynchronous(_ isSynchronous: Bool) throws {
    try configure("synchronous_standby_names", isSynchronous ? "*" : "")
  }

  /// Waits until the replica streams and, where commits wait for it, is the one they wait for.
  public func untilReplicating(synchronously: Bool) async throws {
    let state = synchronously ? "sync" : "async"
    for _ in 0..<1500 {
      var connection = try connectHere()
      let rows = try connection.query(
        PostgresCall(
          .init(
            "replicas", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = $1::text"),
          [.text(state)]))
      if rows.int8(0, 0) == 1 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "the replica does not stream within 30 s")
  }

  /// Takes the replica off its primary: what is committed from now on it does not get.
  public func detach() async throws {
    try configure("primary_conninfo", "")
    for _ in 0..<1500 {
      var connection = try connectHere()
      let rows = try connection.query(PostgresCall(.init("receiver", "SELECT count(*) FROM pg_stat_wal_receiver")))
      if rows.int8(0, 0) == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "the replica is not off its primary within 30 s")
  }

  /// Waits until a commit of an application waits for the replica, and cancels that wait.
  ///
  /// Waits of others are canceled on the way: they may hold what the application needs before it commits.
  public func cancelWait(of application: String) async throws {
    var connection = try connectHere()
    let cancel = PostgresStatement(
      "cancel_wait",
      """
      SELECT count(*) FILTER (WHERE pg_cancel_backend(pid) AND application_name = $1::text) FROM pg_stat_activity
      WHERE wait_event = 'SyncRep'
      """)
    for _ in 0..<1500 {
      if try connection.query(PostgresCall(cancel, [.text(application)])).int8(0, 0) > 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "no commit of \(application) waits for the replica within 30 s")
  }

  private func configure(_ name: String, _ value: String) throws {
    var connection = try connectHere()
    try connection.execute("ALTER SYSTEM SET \(name) = '\(value)'")
    try connection.execute("SELECT pg_reload_conf()")
  }
}
