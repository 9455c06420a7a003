internal import Ports
internal import Postgres

extension LedgerError {
  /// What a database error means to a caller whose transaction cannot have been committed.
  init(_ error: PostgresError) {
    switch error {
    case .unreachable, .connectionLost: self = .unavailable(reason: error.description)
    case .server where error.isOutage || error.isConflict: self = .unavailable(reason: error.description)
    case .server: self = .fault(reason: error.description)
    case .protocolFault: self = .fault(reason: error.description)
    }
  }
}
