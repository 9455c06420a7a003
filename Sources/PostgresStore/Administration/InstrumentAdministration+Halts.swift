public import Market
public import Ports
internal import Postgres

extension InstrumentAdministration: TradingHalts {
  /// The longest reason of a halt, in bytes.
  public static let maximumReasonBytes = 200

  /// Stops taking orders for an instrument; gateways notice within the seconds that they remember the list.
  public func halt(_ symbol: Symbol, reason: String) async throws(HaltRefusal) {
    guard (1...Self.maximumReasonBytes).contains(reason.utf8.count), !reason.utf8.contains(0) else {
      throw .badReason("a reason has 1 to \(Self.maximumReasonBytes) bytes")
    }
    try await setHalt(symbol, .text(reason))
  }

  /// Takes orders for an instrument again.
  public func resume(_ symbol: Symbol) async throws(HaltRefusal) { try await setHalt(symbol, .null) }

  private func setHalt(_ symbol: Symbol, _ reason: PostgresParameter) async throws(HaltRefusal) {
    let call = PostgresCall(InstrumentStatements.setHalt, [.text(symbol.description), reason])
    let count: Int
    do throws(AdministrationError) { count = try await database.query(call).count } catch {
      throw .unavailable(error.description)
    }
    guard count == 1 else { throw .unknownInstrument(symbol) }
  }
}
