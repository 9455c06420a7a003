internal import Market
public import Ports
public import Postgres

/// Keeps the history of quotes in PostgreSQL, over a connection apart from settling.
public struct PostgresQuoteArchive: QuoteArchive {
  private let session: PostgresSession

  /// Writes over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func record(_ quotes: [InstrumentQuote]) async throws(StoreError) {
    var rows = RowArray(expectedBytes: quotes.count * 100)
    for entry in quotes {
      rows.append {
        $0.int4(entry.instrument.rawValue)
        $0.timestamp(microseconds: entry.quote.at.rawValue)
        $0.int8(entry.quote.sequence.rawValue)
        $0.int8(entry.quote.bid?.price.rawValue ?? 0)
        $0.int8(entry.quote.bid?.size.rawValue ?? 0)
        $0.int8(entry.quote.ask?.price.rawValue ?? 0)
        $0.int8(entry.quote.ask?.size.rawValue ?? 0)
      }
    }
    let call = PostgresCall(MarketDataStatements.recordQuotes, rows: rows, of: "quotes[]")
    do {
      try await session.use { (connection) throws(PostgresError) in _ = try connection.query(call) }
    } catch {
      throw StoreError(error)
    }
  }
}
