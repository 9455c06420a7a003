internal import Market
internal import Postgres

extension LedgerHistory {
  /// The branch that a connection writes to: made of the cluster's identifier and the timeline, so that replicas' promotions
  /// and other clusters all differ. ``unnamed`` on a server that takes no writes.
  init(_ connection: inout PostgresConnection) throws(PostgresError) {
    guard let history = try connection.history() else {
      self = .unnamed
      return
    }
    // An odd factor spreads small timelines over all bits.
    let mixed = UInt64(bitPattern: history.system) &+ UInt64(history.timeline) &* 0x9E37_79B9_7F4A_7C15
    self.init(rawValue: Int64(mixed >> 1))
  }
}
