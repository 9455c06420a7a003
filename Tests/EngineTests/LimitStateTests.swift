import Accounting
import Engine
import Market
import TestKit
import Testing

/// Limit states are told command by command, however commands are settled together.
@Suite struct LimitStateTests {
  /// A shard's engine whose instrument trades from 95 to 105.
  private struct Flow {
    private var last: Int64 = 0
    var engine: ShardEngine

    init() throws {
      let terms = BandTerms(reference: Price("100")!, previousClose: Price("100")!, tier: .tier1)
      engine = try ShardEngine(
        shard: Row.shard, processed: .zero, orders: [], phases: [Row.instrument: InstrumentPhase(band: terms)])
    }

    mutating func place(_ side: Side, _ quantity: Int64, at price: String) -> LogEntry {
      last += 1
      return LogEntry(
        shard: Row.shard, sequence: Sequence(rawValue: last), acceptedAt: Row.time(last),
        command: .place(
          PlaceOrder(
            id: Row.id(last), account: AccountNumber(rawValue: last), instrument: Row.instrument,
            terms: OrderTerms(side, Quantity(rawValue: quantity), at: Price(price)!))))
    }

    mutating func cancel(_ target: LogEntry) -> LogEntry {
      last += 1
      return LogEntry(
        shard: Row.shard, sequence: Sequence(rawValue: last), acceptedAt: Row.time(last),
        command: .cancel(
          CancelOrder(
            target: Row.id(target.sequence.rawValue), targetSequence: target.sequence,
            account: AccountNumber(rawValue: target.sequence.rawValue), instrument: Row.instrument)))
    }

    /// What a settlement of all of them tells of the instrument: `upper, begins`; nil when it tells nothing.
    mutating func published(_ entries: LogEntry...) -> String? { published(entries) }

    mutating func published(_ entries: [LogEntry]) -> String? {
      engine.apply(entries).phases.first.map { update in
        "\(update.phase.limit.map { "\($0)" } ?? "none")\(update.beginsLimit ? ", begins" : "")"
      }
    }
  }

  @Test func oneThatEndsAndBeginsInOneSettlementBeginsThere() throws {
    var flow = try Flow()
    let (above, first) = (flow.place(.sell, 1, at: "107"), flow.place(.buy, 5, at: "106"))
    var published = flow.published(above, first)
    #expect(published == "upper, begins")
    let (below, near) = (flow.place(.buy, 5, at: "99"), flow.place(.sell, 1, at: "106"))
    published = flow.published(below, near)
    #expect(published == nil, "it goes on")
    let (end, second) = (flow.cancel(first), flow.place(.buy, 2, at: "105"))
    published = flow.published(end, second)
    #expect(published == "upper, begins", "what waited there was cancelled, and another came")
    let (sale, third) = (flow.place(.sell, 2, at: "105"), flow.place(.buy, 3, at: "200"))
    published = flow.published(sale, third)
    #expect(published == "upper, begins", "it was sold to, and another came")
    let fourth = flow.place(.buy, 1, at: "105")
    let gone = flow.cancel(fourth)
    published = flow.published(fourth, gone)
    #expect(published == nil, "one of two goes")
    let last = flow.place(.sell, 3, at: "105")
    published = flow.published(last)
    #expect(published == "none")
  }

  @Test func oneThatBeganAndEndedInOneSettlementLeavesNothing() throws {
    var flow = try Flow()
    let (offer, bid) = (flow.place(.sell, 4, at: "95"), flow.place(.buy, 4, at: "95"))
    let published = flow.published(offer, bid)
    #expect(published == "none")
  }

  @Test func theBatchDecidesNothing() throws {
    var flow = try Flow()
    var alone = flow
    let first = flow.place(.sell, 4, at: "94")
    let second = flow.place(.buy, 1, at: "90")
    let third = flow.cancel(first)
    let rest = [("96", 1), ("95", 4), ("98", 2)].map { flow.place(.sell, $0.1, at: $0.0) }
    let entries = [first, second, third] + rest
    let together = flow.published(entries)
    let apart = entries.map { alone.published([$0]) }
    #expect(apart == ["lower, begins", nil, "none", nil, "lower, begins", nil])
    #expect(together == "lower, begins")
    #expect(flow.engine.openOrders() == alone.engine.openOrders())
  }
}
