internal import Lifecycle
internal import Market
internal import Ports

/// Prices of the last close: read once for each instrument and close, for they do not change.
final class ClosingPrices: Sendable {
  /// How long after a close its trades may still be on their way: until then nothing is kept.
  private static let settlingSpan = Duration.seconds(60)

  private struct State {
    var moment = Timestamp(rawValue: 0)
    var known: [InstrumentID: Price?] = [:]
  }

  private let state = Lock(State())
  private let history: any AccountActivityReader

  init(history: any AccountActivityReader) { self.history = history }

  /// The prices of the last trades before a close; instruments without any are left out.
  func prices(
    of instruments: Set<InstrumentID>, at moment: Timestamp, now: Timestamp
  ) async throws(StoreError) -> [InstrumentID: Price] {
    let known = state.withLock { $0.moment == moment ? $0.known : [:] }
    let missing = instruments.filter { known[$0] == nil }.sorted()
    let read = try await history.prices(missing.map { PriceQuestion($0, before: moment) })
    let fresh = Dictionary(zip(missing, read), uniquingKeysWith: { first, _ in first })
    if now.span(since: moment) > Self.settlingSpan {
      state.withLock { state in
        if state.moment < moment { state = State(moment: moment) }
        if state.moment == moment { state.known.merge(fresh) { $1 } }
      }
    }
    var prices: [InstrumentID: Price] = [:]
    for instrument in instruments { prices[instrument] = fresh[instrument] ?? known[instrument] ?? nil }
    return prices
  }
}
