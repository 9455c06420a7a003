import Accounting
import JSON
import Market
import Ports
import Testing

@testable import Gateway

/// Events as accounts' streams tell them.
@Suite struct TradeEventFormTests {
  private static func told(
    _ kind: OrderEvent.Kind, reason: UInt8, words: TradeEventWords = .all
  ) throws -> JSONValue {
    let at = Timestamp("2026-01-05T15:00:00Z")!
    let row = OrderRecord(
      id: .timeOrdered(at: at, random: 1), account: AccountNumber(rawValue: 1), clientOrderID: "c",
      instrument: GatewayFixture.apple.id, shard: Shard(rawValue: 3), sequence: Sequence(rawValue: 1),
      priority: Sequence(rawValue: 1), side: .buy, type: .limit, timeInForce: .opg, postOnly: false,
      selfTradePrevention: .cancelNewest, price: Price("10.5")!, quantity: Quantity(rawValue: 5), updatedAt: at)
    let event = OrderEvent(
      shard: row.shard, sequence: row.sequence, ordinal: 0, kind: kind, reason: reason, order: row.id,
      account: row.account, instrument: row.instrument, side: .buy, price: row.price, quantity: row.quantity,
      filled: .zero, filledValue: .zero, leaves: .zero)
    var writer = JSONWriter()
    writer.tradeEvent(
      AccountEvent(at: at, accountID: UniqueID(high: 0, low: 9), event: event, row: row, position: nil),
      GatewayFixture.apple, MarketClock(mode: .open), words: words)
    return try JSONDocument(writer.bytes).root
  }

  /// WebSockets' clients are told in words that every library knows.
  @Test func everyEventHasAWordThatAllLibrariesKnow() throws {
    let known: Set = [
      "new", "partial_fill", "fill", "canceled", "expired", "rejected", "replaced", "accepted", "calculated",
      "order_cancel_rejected", "order_replace_rejected",
    ]
    for number in UInt8.min ... .max {
      guard let kind = OrderEvent.Kind(rawValue: number) else { continue }
      let word = try Self.told(kind, reason: 0, words: .oldest)["event"]?.string ?? ""
      #expect(known.contains(word), "\(kind): \(word)")
    }
    #expect(try Self.told(.triggered, reason: 0)["event"]?.string == "restated")
  }

  @Test func anEventTellsWhyWhereThereIsAReason() throws {
    let late = try Self.told(.rejected, reason: OrderEvent.openingOver)
    #expect(late["event"]?.string == "rejected" && late["reason"]?.string == "the opening auction is over")
    let over = try Self.told(.expired, reason: OrderEvent.auctionOver)
    #expect(over["event"]?.string == "expired" && over["reason"]?.string == "the auction is over")
    let wished = try Self.told(.canceled, reason: 1)
    #expect(wished["event"]?.string == "canceled" && wished["reason"] == nil)
    let day = try Self.told(.expired, reason: 0)
    #expect(day["event"]?.string == "expired" && day["reason"] == nil)
  }
}
