internal import Ports
internal import Postgres

extension LedgerError {
  /// What a database error means to a caller whose transaction cannot have been committed.
  init(_ error: PostgresError) {
    switch error {
    case .connectionLost: self = .unavailable(reason: error.description)
    case .server: self = error.isOutage || error.isConflict ? .unavailable(reason: error.description) : .fault(reason: error.description)
    case .protocolFault: self = .fault(reason: error.description)
    }
  }
}
