/// A role of the database that programs connect as. Each may do what its programs do and nothing else; the owner of the
/// schema, as whom `buttonwood migrate` connects, may do everything.
public enum DatabaseRole: String, CaseIterable, Sendable {
  /// Accepts orders and answers questions.
  case gateway = "buttonwood_gateway"
  /// Claims, matches, settles, and leads.
  case worker = "buttonwood_worker"
  /// Operators' commands.
  case `operator` = "buttonwood_operator"
  /// Reads everything but secrets: audits, reports, `buttonwood status`.
  case reader = "buttonwood_reader"
}
