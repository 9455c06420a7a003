/// An error of a port, as far as whoever only counts and reports it must know.
public protocol PortError: Error, CustomStringConvertible {
  /// The class of the error in one word, for metrics.
  var causeWord: String { get }
}

extension StoreError: PortError {
  public var causeWord: String {
    switch self {
    case .unavailable(let cause, _): cause.rawValue
    case .outcomeUnknown: "outcome_unknown"
    case .fault: "fault"
    }
  }
}

extension StreamError: PortError {
  public var causeWord: String { "redis" }
}
