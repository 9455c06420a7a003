internal import Market
internal import Matching

/// The orders of an instrument that are about to expire, in the order of the log: what many commands take from, a part each.
///
/// It is found once, and whatever is placed later is not concerned; it saves time and decides nothing.
struct ExpiryQueue {
  /// Of which instrument.
  let instrument: InstrumentID
  /// The bounds it was found by.
  let dayThrough: Sequence
  let untilCanceledThrough: Sequence
  /// What is left, the first to expire at the end.
  var keys: [OrderKey]

  /// Whether it is what a command takes from.
  func serves(_ command: ExpireOrders) -> Bool {
    command.instrument == instrument && command.dayThrough == dayThrough
      && command.untilCanceledThrough == untilCanceledThrough
  }
}
