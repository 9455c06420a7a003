/// A statement that a connection prepares at its first use and keeps.
public struct PostgresStatement: Hashable, Sendable {
  /// The name it is prepared under; one name, one text.
  public let name: String
  /// The text, with `$1`, `$2` … for parameters.
  public let sql: String

  /// Names a statement.
  public init(_ name: String, _ sql: String) {
    self.name = name
    self.sql = sql
  }
}

/// A statement with its parameters.
public struct PostgresCall: Sendable {
  let statement: PostgresStatement
  let arguments: [Argument]

  enum Argument: Sendable {
    case value(PostgresParameter)
    case rows(RowArray, type: String)
  }

  /// How many bytes its arguments are, about.
  var byteCount: Int {
    arguments.reduce(0) { sum, argument in
      switch argument {
      case .value(let value): sum + (value.bytes?.count ?? 0)
      case .rows(let rows, _): sum + rows.byteCount
      }
    }
  }

  /// Calls a statement with plain values.
  public init(_ statement: PostgresStatement, _ parameters: [PostgresParameter] = []) {
    self.statement = statement
    arguments = parameters.map { .value($0) }
  }

  /// Calls a statement with rows of a composite type as its first parameter, and plain values behind.
  public init(_ statement: PostgresStatement, rows: RowArray, of type: String, _ parameters: [PostgresParameter] = []) {
    self.statement = statement
    arguments = [.rows(rows, type: type)] + parameters.map { .value($0) }
  }

  /// Calls a statement with several row arrays, and plain values behind.
  public init(
    _ statement: PostgresStatement, rowArrays: [(rows: RowArray, type: String)], _ parameters: [PostgresParameter] = []
  ) {
    self.statement = statement
    arguments = rowArrays.map { .rows($0.rows, type: $0.type) } + parameters.map { .value($0) }
  }
}
