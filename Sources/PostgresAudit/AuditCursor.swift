internal import Postgres

/// Reads the rows of a query in portions, so that the client holds one portion at a time however many there are.
struct AuditCursor {
  /// Rows fetched at a time.
  static let portion = 2_000

  private let name: String
  private let fetch: PostgresStatement

  /// Opens the cursor inside the transaction.
  /// - Parameters:
  ///   - name: Distinct among the transaction's cursors; one name, one list of column types.
  init(_ name: String, _ query: String, _ connection: inout PostgresConnection) throws(PostgresError) {
    self.name = name
    fetch = AuditStatements.fetch(Self.portion, from: name)
    try connection.execute(AuditStatements.declare(name, query))
  }

  /// The next rows; none at the end.
  func next(_ connection: inout PostgresConnection) throws(PostgresError) -> PostgresRows {
    try connection.query(PostgresCall(fetch))
  }

  /// Closes the cursor; its name is free again.
  func close(_ connection: inout PostgresConnection) throws(PostgresError) {
    try connection.execute(AuditStatements.close(name))
  }
}
