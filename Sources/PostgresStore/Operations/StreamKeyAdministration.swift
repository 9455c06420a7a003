internal import Market
public import Ports
public import Postgres

/// Reads the keys of stream entries.
public struct PostgresStreamKeyReader: StreamKeyReader {
  private let session: PostgresSession

  /// Works over `session`, which may have other work: keys are read every few seconds.
  public init(session: PostgresSession) { self.session = session }

  public func streamKeys() async throws(StoreError) -> [StreamKey] {
    do {
      let rows = try await session.use { (connection) throws(PostgresError) in
        try connection.query(PostgresCall(StreamKeyStatements.read))
      }
      return (0..<rows.count).map { StreamKey(id: rows.int4($0, 0), secret: rows.bytea($0, 1)) }
    } catch {
      throw StoreError(error)
    }
  }
}

/// The keys of stream entries in PostgreSQL.
public struct StreamKeyAdministration: StreamKeyOperations {
  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  public func keys() async throws(AdministrationError) -> [ListedStreamKey] {
    let rows = try await database.query(PostgresCall(StreamKeyStatements.list))
    return (0..<rows.count).map {
      ListedStreamKey(id: rows.int4($0, 0), madeAt: Timestamp(rawValue: rows.timestamp($0, 1)))
    }
  }

  public func rotate() async throws(AdministrationError) -> StreamKeyChange {
    try await change("stream-key rotate", keeping: 2, makesOne: true)
  }

  public func retire() async throws(AdministrationError) -> StreamKeyChange {
    try await change("stream-key retire", keeping: 1, makesOne: false)
  }

  private func change(
    _ name: String, keeping count: Int32, makesOne: Bool
  ) async throws(AdministrationError) -> StreamKeyChange {
    try await database.change(AdminAction(name, target: "streams")) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<StreamKeyChange> in
      _ = try connection.query(PostgresCall(StreamKeyStatements.lock))
      if makesOne { _ = try connection.query(PostgresCall(StreamKeyStatements.make)) }
      let gone = try connection.query(PostgresCall(StreamKeyStatements.end, [.int4(count)]))
      let left = try connection.query(PostgresCall(StreamKeyStatements.list))
      guard left.count > 0 else {
        return .refused("there is no key: entries cannot be signed; run \"buttonwood stream-key rotate\"")
      }
      let ids = (0..<left.count).map { left.int4($0, 0) }
      let change = StreamKeyChange(
        signing: ids.last!, believed: ids.dropLast(), ended: (0..<gone.count).map { gone.int4($0, 0) }.sorted())
      return .done(change, outcome: makesOne || !change.ended.isEmpty ? "done" : AdministrationSession.unchanged)
    }
  }
}
