public import Market

/// Stops and resumes the taking of orders for single instruments, as an operator asks for it.
public protocol TradingHalts: Sendable {
  /// Stops taking orders for an instrument. Repeated, it changes the reason.
  /// - Parameter reason: Why, for people.
  func halt(_ symbol: Symbol, reason: String) async throws(HaltRefusal)

  /// Takes orders for an instrument again, whether it was halted or not.
  func resume(_ symbol: Symbol) async throws(HaltRefusal)
}

/// Why an instrument was not halted or resumed.
public enum HaltRefusal: Error, Hashable, Sendable {
  /// There is no such instrument.
  case unknownInstrument(Symbol)
  /// The reason is empty, too long, or no text; the text says what is expected.
  case badReason(String)
  /// The database is away; repeating the request is harmless.
  case unavailable(String)
}
