package import Market
package import Matching

extension StreamRow {
  /// The instrument of the commands of a stream, which knows only one.
  package static let instrument = InstrumentID(rawValue: 1)

  /// Keys of orders that the venue does not name: this plus the row's number; no venue counts so far.
  static let unnamed: OrderKey = 1 << 62

  /// The row as a command to the engine.
  package var command: BookCommand {
    switch action {
    case .new: .place(order, side, quantity, at: price, in: StreamRow.instrument)
    case .ioc:
      .place(
        StreamRow.unnamed + OrderKey(sequence), side, quantity, at: price, in: StreamRow.instrument, timeInForce: .ioc)
    case .reduce: .reduce(order, by: quantity, in: StreamRow.instrument)
    case .cancel: .cancel(order, in: StreamRow.instrument)
    }
  }
}
