package import Market

/// Reads what operators did.
package protocol AdminLogReader: Sendable {
  /// The latest entries that a question asks for, the last one last.
  func list(_ question: AdminLogQuestion) async throws(AdministrationError) -> [AdminLogEntry]
}

/// One thing that somebody did, or was refused.
package struct AdminLogEntry: Hashable, Sendable {
  /// Its number; later entries have greater ones, and numbers may be missing.
  package var number: Int64
  /// The moment at which it happened.
  package var at: Timestamp
  /// Who, as he named himself.
  package var actor: String
  /// The command, without the program: `account deposit`.
  package var action: String
  /// What it was done to.
  package var target: String
  /// How, as a JSON object of texts.
  package var arguments: String
  /// `done`, `unchanged`, `refused: ` and why, or what came of it.
  package var outcome: String

  /// Describes an entry.
  package init(
    number: Int64, at: Timestamp, actor: String, action: String, target: String, arguments: String, outcome: String
  ) {
    self.number = number
    self.at = at
    self.actor = actor
    self.action = action
    self.target = target
    self.arguments = arguments
    self.outcome = outcome
  }
}

/// What is asked of the administrative log.
package struct AdminLogQuestion: Hashable, Sendable {
  /// Only what was done to this account or its keys.
  package var account: AccountName?
  /// Only actions that begin so.
  package var prefix: String?
  /// Nothing before this moment.
  package var since: Timestamp?
  /// Most entries; the latest are taken.
  package var limit: Int32

  /// Asks for the latest `limit` entries.
  package init(account: AccountName? = nil, prefix: String? = nil, since: Timestamp? = nil, limit: Int32) {
    self.account = account
    self.prefix = prefix
    self.since = since
    self.limit = limit
  }
}
