public import Market
public import Ports
public import Postgres

/// Reads what operators did.
public struct AdminLog: Sendable {
  /// One thing that somebody did, or was refused.
  public struct Entry: Hashable, Sendable {
    /// Its number; later entries have greater ones, and numbers may be missing.
    public var number: Int64
    /// When.
    public var at: Timestamp
    /// Who, as he named himself.
    public var actor: String
    /// The command, without the program: `account deposit`.
    public var action: String
    /// What it was done to.
    public var target: String
    /// How, as a JSON object of texts.
    public var arguments: String
    /// `done`, `unchanged`, `refused: ` and why, or what came of it.
    public var outcome: String
  }

  /// What is asked for.
  public struct Question: Hashable, Sendable {
    /// Only what was done to this account or its keys.
    public var account: AccountName?
    /// Only actions that begin so.
    public var prefix: String?
    /// Nothing before this moment.
    public var since: Timestamp?
    /// Most entries; the latest are taken.
    public var limit: Int32

    /// Asks for the latest `limit` entries.
    public init(account: AccountName? = nil, prefix: String? = nil, since: Timestamp? = nil, limit: Int32) {
      self.account = account
      self.prefix = prefix
      self.since = since
      self.limit = limit
    }
  }

  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { database = AdministrationSession(session: session, actor: .process) }

  /// The latest entries, the last one last.
  public func list(_ question: Question) async throws(AdministrationError) -> [Entry] {
    if let prefix = question.prefix, prefix.utf8.contains(0) { throw .refused("no action begins with a zero byte") }
    return try await database.read { (connection) throws(PostgresError) in
      var account: AccountNumber?
      if let name = question.account {
        account = try AccountAdministration.find(name, &connection)
        if account == nil { return .refused("there is no account \(name)") }
      }
      let rows = try connection.query(
        PostgresCall(
          AdminLogStatements.list,
          [
            account.map { .int8($0.rawValue) } ?? .null, question.prefix.map { .text($0) } ?? .null,
            question.since.map { .timestamp(microseconds: $0.rawValue) } ?? .null, .int4(question.limit),
          ]))
      return .done(Self.entries(rows))
    }
  }

  private static func entries(_ rows: PostgresRows) -> [Entry] {
    (0..<rows.count).map {
      Entry(
        number: rows.int8($0, 0), at: Timestamp(rawValue: rows.timestamp($0, 1)), actor: rows.text($0, 2),
        action: rows.text($0, 3), target: rows.text($0, 4), arguments: rows.text($0, 5), outcome: rows.text($0, 6))
    }
  }
}
