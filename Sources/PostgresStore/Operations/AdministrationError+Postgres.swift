internal import Ports
internal import Postgres

extension AdministrationError {
  /// What a database error means when nothing can have been committed.
  init(_ error: PostgresError) {
    if error.state == "42P01" || error.state == "3F000" {
      self = .unavailable("it has no schema yet; run \"buttonwood migrate\"")
      return
    }
    switch StoreError(error) {
    case .unavailable(_, let reason): self = .unavailable(reason)
    case .fault(let reason): self = .fault(reason)
    case .outcomeUnknown: self = .outcomeUnknown
    }
  }
}
