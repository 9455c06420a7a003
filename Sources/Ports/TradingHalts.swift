public import Market

/// Halts single instruments and lets them trade again, as an operator asks for it.
public protocol TradingHalts: Sendable {
  /// Halts an instrument: nothing trades, cancels are carried out. Repeated, it changes the terms.
  /// - Parameters:
  ///   - reason: Why, for people.
  ///   - collects: Whether orders are taken all the same, to cross when it resumes.
  func halt(_ symbol: Symbol, reason: String, collects: Bool) async throws(HaltRefusal)

  /// Lets an instrument trade again, whether it was halted or not; what was collected crosses first.
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
