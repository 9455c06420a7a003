public import Market
public import Ports
internal import Postgres

extension InstrumentAdministration {
  /// The longest reason of a halt, in bytes.
  public static let maximumReasonBytes = 200

  /// Halts an instrument by a row of its shard's log; gateways notice within the seconds that they remember the list.
  public func halt(_ symbol: Symbol, reason: String, collects: Bool) async throws(HaltRefusal) {
    let isProper = (1...Self.maximumReasonBytes).contains(reason.utf8.count) && !reason.utf8.contains(0)
    let flaw = isProper ? nil : "a reason has 1 to \(Self.maximumReasonBytes) bytes"
    let action = AdminAction(
      "instrument halt", target: symbol.description, ["reason": reason, "collects": collects ? "yes" : nil])
    try await setHalt(symbol, .text(reason), collects: collects, action, flaw)
  }

  /// Lets an instrument trade again.
  public func resume(_ symbol: Symbol) async throws(HaltRefusal) {
    let action = AdminAction("instrument resume", target: symbol.description)
    try await setHalt(symbol, .null, collects: false, action, nil)
  }

  private func setHalt(
    _ symbol: Symbol, _ reason: PostgresParameter, collects: Bool, _ action: AdminAction, _ flaw: String?
  ) async throws(HaltRefusal) {
    let call = PostgresCall(InstrumentStatements.setHalt, [.text(symbol.description), reason, .bool(collects)])
    do throws(AdministrationError) {
      try await database.change(action, flaw: flaw) {
        (connection) throws(PostgresError) -> AdministrationSession.Ending<Void> in
        let rows = try connection.query(call)
        guard rows.count == 1 else { return .refused("there is no instrument \(symbol)") }
        return rows.bool(0, 0) ? .done(()) : .done((), outcome: AdministrationSession.unchanged)
      }
    } catch {
      guard case .refused = error else { throw .unavailable(error.description) }
      throw flaw.map { .badReason($0) } ?? .unknownInstrument(symbol)
    }
  }
}
