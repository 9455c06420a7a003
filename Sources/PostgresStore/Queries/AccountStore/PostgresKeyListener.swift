package import Ports
package import Postgres

/// Hears of changed API keys as they are committed.
///
/// A notification comes within milliseconds of the commit. While the connection is away nothing is heard; every new one
/// begins by saying that anything may have changed.
package struct PostgresKeyListener: KeyWatch {
  /// How long one wait lasts before the connection is tried.
  private static let wait = Duration.seconds(1)
  /// The pause before a new connection.
  private static let pause = Duration.milliseconds(250)

  private let session: PostgresSession

  /// Listens over `session`, which it keeps for itself.
  package init(session: PostgresSession) { self.session = session }

  package func run(_ onChange: @Sendable (KeyChange) -> Void) async {
    while !Task.isCancelled {
      do {
        try await session.use { (connection) throws(PostgresError) in
          try connection.execute(AccountStoreStatements.listenToKeys)
          onChange(.unknown)
          while !Task.isCancelled {
            let keys = try connection.notifications(within: Self.wait)
            for key in keys { onChange(.key(key)) }
            if keys.isEmpty { _ = try connection.query(PostgresCall(AccountStoreStatements.ping)) }
          }
        }
      } catch {
        await session.disconnect()
        onChange(.unknown)
        try? await Task.sleep(for: Self.pause)
      }
    }
    await session.disconnect()
  }
}
