internal import Market
internal import Ports

/// Instruments and last prices, read from the ledger at most so often.
final class InstrumentDirectory: Sendable {
  private struct Whole: Hashable {}

  /// A look for something unknown reads the instruments anew if they are older than this (microseconds).
  private static let unknownRefreshAge: Int64 = 100_000
  /// While a new reading is under way the last one is used, however old: what an order may do is judged elsewhere.
  private static let grace: Int64 = 3_600_000_000

  private let reader: any AccountReader
  private let tables: CoalescingCache<Whole, InstrumentTable>
  private let prices: CoalescingCache<Whole, [InstrumentID: Price]>

  init(reader: any AccountReader, instrumentLifetime: Int64, priceLifetime: Int64) {
    self.reader = reader
    tables = CoalescingCache(
      .init(lifetime: instrumentLifetime, absentLifetime: 0, grace: Self.grace, capacity: 1))
    prices = CoalescingCache(.init(lifetime: priceLifetime, absentLifetime: 0, grace: Self.grace, capacity: 1))
  }

  /// All instruments.
  func table(now: Timestamp) async throws(LedgerError) -> InstrumentTable {
    let table = try await tables.value(for: Whole(), now: now) { () async throws(LedgerError) in
      let instruments = try await reader.instruments()
      let last = tables.last(Whole())
      return last?.isMade(of: instruments) == true ? last : InstrumentTable(instruments)
    }
    return table ?? InstrumentTable([])
  }

  /// All instruments, read anew once if `isComplete` misses one and the reading is not fresh.
  func table(now: Timestamp, isComplete: (InstrumentTable) -> Bool) async throws(LedgerError) -> InstrumentTable {
    let table = try await table(now: now)
    guard !isComplete(table) else { return table }
    tables.expire(Whole(), olderThan: Self.unknownRefreshAge, now: now)
    return try await self.table(now: now)
  }

  /// The instrument with this symbol or asset identifier, or nil.
  func instrument(named name: String, now: Timestamp) async throws(LedgerError) -> Instrument? {
    try await table(now: now) { $0.named(name) != nil }.named(name)
  }

  /// An instrument as it was last read, without asking; nil if it never was.
  func lastKnown(_ number: InstrumentID) -> Instrument? { tables.last(Whole())?[number] }

  /// The last prices of all instruments that traded.
  func lastPrices(now: Timestamp) async throws(LedgerError) -> [InstrumentID: Price] {
    let known = try await prices.value(for: Whole(), now: now) { () async throws(LedgerError) in
      try await reader.lastPrices()
    }
    return known ?? [:]
  }
}
