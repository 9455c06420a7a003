internal import Lifecycle
package import Market
package import Ports
package import Services

/// Keeps what is known of the market's clock up to date.
///
/// The leader's mode counts, because its log rows open and close the market; what this process was told is what it goes by
/// until anyone has led.
package final class MarketClockMonitor: Sendable {
  /// How often the clock is read.
  private static let period = Duration.seconds(1)

  private let ledger: any MarketClockReader
  private let expected: MarketClockMode
  private let troubles: PortTroubles
  private let isOtherwise: @Sendable (MarketClockMode) -> Void
  private let latest: Lock<MarketClock>

  /// Makes a watch; ``run()`` brings it to life.
  /// - Parameters:
  ///   - expected: The clock that this process was told of.
  ///   - isOtherwise: Hears when the leader follows another, once each time that it changes.
  package init(
    ledger: any MarketClockReader, expected: MarketClockMode, troubles: PortTroubles = PortTroubles { _ in },
    isOtherwise: @escaping @Sendable (MarketClockMode) -> Void
  ) {
    self.ledger = ledger
    self.expected = expected
    self.troubles = troubles
    self.isOtherwise = isOtherwise
    latest = Lock(MarketClock(mode: expected))
  }

  /// The clock as it was read last.
  package var clock: MarketClock { latest.withLock { $0 } }

  /// Reads again and again until the task is canceled; while the database is away, what was read last stands.
  package func run() async {
    var retry = PortRetry(Backoff(base: .milliseconds(100), ceiling: .seconds(5)))
    while !Task.isCancelled {
      var pause = Self.period
      do throws(StoreError) {
        take(try await ledger.clock())
        troubles.succeeded(.marketClock)
        retry.succeeded()
      } catch {
        troubles.failed(.marketClock, error)
        pause += retry.failed(now: ContinuousClock().now, random: .random(in: 0 ... .max))
      }
      try? await Task.sleep(for: pause)
    }
  }

  private func take(_ reading: MarketClockReading) {
    let mode = reading.record.mode ?? expected
    let clock = MarketClock(mode: mode, record: reading.record, calendar: reading.calendar)
    let before = latest.withLock { latest in
      defer { latest = clock }
      return latest.mode
    }
    if mode != before, mode != expected { isOtherwise(mode) }
  }
}
