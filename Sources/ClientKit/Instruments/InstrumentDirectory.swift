package import Market
package import Ports
internal import Services

/// Instruments and last prices, read from the ledger at most so often.
package final class InstrumentDirectory: Sendable {
  private struct Whole: Hashable {}

  /// The pause between two readings for names that were not in the last one.
  private static let unknownPause = Duration.milliseconds(20)

  private let reader: any AccountReader
  private let tables: CoalescingCache<Whole, InstrumentTable>
  private let fresh: FreshReading<InstrumentTable>
  private let prices: CoalescingCache<Whole, [InstrumentID: Price]>

  package init(reader: any AccountReader, instrumentLifetime: Int64, priceLifetime: Int64) {
    self.reader = reader
    // What an order may do and cost is judged by these: no value is used beyond its time, whoever is reading it anew.
    let tables = CoalescingCache<Whole, InstrumentTable>(
      .init(lifetime: instrumentLifetime, absentLifetime: 0, grace: 0, capacity: 1))
    self.tables = tables
    prices = CoalescingCache(.init(lifetime: priceLifetime, absentLifetime: 0, grace: 0, capacity: 1))
    fresh = FreshReading(pause: Self.unknownPause) { () async throws(StoreError) in
      try await Self.read(reader, tables)
    }
  }

  private static func read(
    _ reader: any AccountReader, _ tables: CoalescingCache<Whole, InstrumentTable>
  ) async throws(StoreError) -> InstrumentTable {
    let instruments = try await reader.instruments()
    if let last = tables.last(Whole()), last.isMade(of: instruments) { return last }
    return InstrumentTable(instruments)
  }

  /// All instruments.
  package func table(now: Timestamp) async throws(StoreError) -> InstrumentTable {
    let table = try await tables.value(for: Whole(), now: now) { () async throws(StoreError) in
      try await Self.read(reader, tables)
    }
    return table ?? InstrumentTable([])
  }

  /// All instruments, read anew if `isComplete` misses one: by a reading that begins now, for an instrument may have been
  /// listed since the last one began.
  package func table(now: Timestamp, isComplete: (InstrumentTable) -> Bool) async throws(StoreError) -> InstrumentTable
  {
    let table = try await table(now: now)
    guard !isComplete(table) else { return table }
    let fresh = try await fresh.value()
    tables.put(fresh, for: Whole(), now: now)
    return fresh
  }

  /// The instrument with this symbol or asset identifier, or nil.
  package func instrument(named name: String, now: Timestamp) async throws(StoreError) -> Instrument? {
    try await table(now: now) { $0.named(name) != nil }.named(name)
  }

  /// An instrument as it was last read, without asking; nil if it never was.
  package func lastKnown(_ number: InstrumentID) -> Instrument? { tables.last(Whole())?[number] }

  /// The last prices of all instruments that traded.
  package func lastPrices(now: Timestamp) async throws(StoreError) -> [InstrumentID: Price] {
    let known = try await prices.value(for: Whole(), now: now) { () async throws(StoreError) in
      try await reader.lastPrices()
    }
    return known ?? [:]
  }
}

extension InstrumentDirectory: InstrumentCatalog {
  package func instruments(
    _ numbers: [InstrumentID], now: Timestamp
  ) async throws(StoreError) -> [InstrumentID: Instrument] {
    let table = try await table(now: now) { table in numbers.allSatisfy { table[$0] != nil } }
    return Dictionary(
      numbers.compactMap { number in table[number].map { (number, $0) } }, uniquingKeysWith: { first, _ in first })
  }

  package func lastPrice(of number: InstrumentID, now: Timestamp) async throws(StoreError) -> Price? {
    try await lastPrices(now: now)[number]
  }

  package func hasInstruments(in shard: Shard, now: Timestamp) async throws(StoreError) -> Bool {
    try await table(now: now) { $0.shards.contains(shard) }.shards.contains(shard)
  }
}
