internal import Services
internal import Telemetry

/// What a worker's publishing of market data is counted by.
struct MarketMetrics: Sendable {
  private let published: Counter
  private let books: Counter
  private let dropped: Counter
  private let failures: Counter
  private let quotes: Counter
  private let quotesDropped: Counter

  /// Registers the instruments.
  init(_ metrics: Metrics) {
    published = metrics.counter("buttonwood_market_updates_total", help: "Updates of market data published.")
    books = metrics.counter("buttonwood_market_books_total", help: "Whole books among them.")
    dropped = metrics.counter(
      "buttonwood_market_updates_dropped_total", help: "Updates that could not be published; whole books follow.")
    failures = metrics.counter(
      "buttonwood_market_failures_total", help: "Times that market data could not be published.")
    quotes = metrics.counter("buttonwood_quotes_kept_total", help: "Quotes written to the history.")
    quotesDropped = metrics.counter("buttonwood_quotes_dropped_total", help: "Quotes that the history misses.")
  }

  /// Carries the publisher's counts over, once a second.
  func run(_ counts: @Sendable () -> MarketPublisher.Counts) async {
    var last = MarketPublisher.Counts()
    while !Task.isCancelled {
      let now = counts()
      published.add(now.published - last.published)
      books.add(now.books - last.books)
      dropped.add(now.dropped - last.dropped)
      failures.add(now.failures - last.failures)
      quotes.add(now.quotes - last.quotes)
      quotesDropped.add(now.quotesDropped - last.quotesDropped)
      last = now
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
