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
    mutating func told(_ entries: LogEntry...) -> String? { told(entries) }

    mutating func told(_ entries: [LogEntry]) -> String? {
      engine.apply(entries).phases.first.map { update in
        "\(update.phase.limit.map { "\($0)" } ?? "none")\(update.beginsLimit ? ", begins" : "")"
      }
    }
  }

  @Test func oneThatEndsAndBeginsInOneSettlementBeginsThere() throws {
    var flow = try Flow()
    let (above, first) = (flow.place(.sell, 1, at: "107"), flow.place(.buy, 5, at: "106"))
    var told = flow.told(above, first)
    #expect(told == "upper, begins")
    let (below, near) = (flow.place(.buy, 5, at: "99"), flow.place(.sell, 1, at: "106"))
    told = flow.told(below, near)
    #expect(told == nil, "it goes on")
    let (end, second) = (flow.cancel(first), flow.place(.buy, 2, at: "105"))
    told = flow.told(end, second)
    #expect(told == "upper, begins", "what waited there was cancelled, and another came")
    let (sale, third) = (flow.place(.sell, 2, at: "105"), flow.place(.buy, 3, at: "200"))
    told = flow.told(sale, third)
    #expect(told == "upper, begins", "it was sold to, and another came")
    let fourth = flow.place(.buy, 1, at: "105")
    let gone = flow.cancel(fourth)
    told = flow.told(fourth, gone)
    #expect(told == nil, "one of two goes")
    let last = flow.place(.sell, 3, at: "105")
    told = flow.told(last)
    #expect(told == "none")
  }

  @Test func oneThatBeganAndEndedInOneSettlementLeavesNothing() throws {
    var flow = try Flow()
    let (offer, bid) = (flow.place(.sell, 4, at: "95"), flow.place(.buy, 4, at: "95"))
    let told = flow.told(offer, bid)
    #expect(told == "none")
  }

  @Test func theBatchDecidesNothing() throws {
    var flow = try Flow()
    var alone = flow
    let first = flow.place(.sell, 4, at: "94")
    let second = flow.place(.buy, 1, at: "90")
    let third = flow.cancel(first)
    let rest = [("96", 1), ("95", 4), ("98", 2)].map { flow.place(.sell, $0.1, at: $0.0) }
    let entries = [first, second, third] + rest
    let together = flow.told(entries)
    let apart = entries.map { alone.told([$0]) }
    #expect(apart == ["lower, begins", nil, "none", nil, "lower, begins", nil])
    #expect(together == "lower, begins")
    #expect(flow.engine.openOrders() == alone.engine.openOrders())
  }
}
