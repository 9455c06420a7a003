package import ClientKit
internal import Market

/// Opens live streams: accounts' events and market data.
package final class StreamService: LiveStreamDoors {
  let foundation: ClientFoundation
  /// Events for streams; nil when there are none.
  let feed: TradeUpdateHub?
  /// Market data for streams; nil when there is none.
  let hub: MarketHub?
  let limiter: ConcurrencyLimiter<AccountNumber>
  let messageBudgets = MessageBudgets()

  /// Makes a service.
  /// - Parameters:
  ///   - feed: Brings accounts' events to streams; nil to serve none.
  ///   - market: Where market data comes from; without, there is none.
  package init(_ foundation: ClientFoundation, feed: TradeUpdateHub?, market: MarketSources?) {
    self.foundation = foundation
    self.feed = feed
    hub = market.map {
      MarketHub(
        $0, foundation.directory, troubles: foundation.troubles, clock: foundation.clock, now: foundation.now)
    }
    limiter = ConcurrencyLimiter(limit: foundation.configuration.marketStreamsPerAccount)
  }

  /// Ends the streams of keys that are no longer valid now rather than at the feed's next look.
  package func keysChanged() { feed?.keysChanged() }
}
