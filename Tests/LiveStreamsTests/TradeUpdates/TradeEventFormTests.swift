import APITestKit
import Accounting
import ClientKit
import JSON
import Market
import Ports
import Testing

@testable import LiveStreams

/// Events as accounts' streams tell them.
@Suite struct TradeEventFormTests {
  private static func event(
    _ kind: OrderEvent.Kind, reason: UInt8, status: OrderStatus = .accepted
  ) -> AccountEvent {
    let at = Timestamp("2026-01-05T15:00:00Z")!
    let row = OrderRecord(
      id: .timeOrdered(at: at, random: 1), account: AccountNumber(rawValue: 1), clientOrderID: "c",
      instrument: GatewayFixture.apple.id, shard: Shard(rawValue: 3), sequence: Sequence(rawValue: 1),
      priority: Sequence(rawValue: 1),
      terms: OrderTerms(.buy, Quantity(rawValue: 5), at: Price("10.5")!, timeInForce: .opg), status: status,
      updatedAt: at)
    let event = OrderEvent(
      shard: row.shard, sequence: row.sequence, ordinal: 0, kind: kind, reason: reason, order: row.id,
      account: row.account, instrument: row.instrument, side: .buy, price: row.price, quantity: row.quantity,
      filled: .zero, filledValue: .zero, leaves: .zero)
    return AccountEvent(at: at, accountID: UniqueID(high: 0, low: 9), event: event, row: row, position: nil)
  }

  private static func reported(
    _ kind: OrderEvent.Kind, reason: UInt8, words: TradeEventWords = .all
  ) throws -> JSONValue {
    var writer = JSONWriter()
    writer.tradeEvent(event(kind, reason: reason), GatewayFixture.apple, MarketClock(mode: .open), words: words)
    return try JSONDocument(writer.bytes).root
  }

  /// The words of the service's own documentation that every library of its own knows: those in C#, Python, Go, JavaScript
  /// and Rust, in their oldest versions in use.
  private static let common: Set = [
    "new", "partial_fill", "fill", "canceled", "expired", "rejected", "replaced", "pending_new", "pending_cancel",
    "pending_replace", "order_cancel_rejected", "order_replace_rejected",
  ]

  /// What each event is called, on server-sent events and on WebSockets.
  private static func names(_ kind: OrderEvent.Kind) -> (all: String, oldest: String) {
    switch kind {
    case .new: ("new", "new")
    case .partialFill: ("partial_fill", "partial_fill")
    case .fill: ("fill", "fill")
    case .canceled: ("canceled", "canceled")
    case .replaced: ("replaced", "replaced")
    case .rejected: ("rejected", "rejected")
    case .expired: ("expired", "expired")
    case .cancelRejected: ("order_cancel_rejected", "order_cancel_rejected")
    case .replaceRejected: ("order_replace_rejected", "order_replace_rejected")
    case .held: ("accepted", "pending_new")
    case .triggered, .reduced: ("restated", "new")
    }
  }

  @Test func everyEventHasAWordThatAllLibrariesKnow() throws {
    var count = 0
    for number in UInt8.min ... .max {
      guard let kind = OrderEvent.Kind(rawValue: number) else { continue }
      count += 1
      let names = Self.names(kind)
      #expect(try Self.reported(kind, reason: 0, words: .all)["event"]?.string == names.all)
      #expect(try Self.reported(kind, reason: 0, words: .oldest)["event"]?.string == names.oldest)
      #expect(Self.common.contains(names.oldest), "\(kind)")
      #expect(kind.hasOlderWord == (names.all != names.oldest))
    }
    #expect(count == 12)
  }

  /// A class ends as one: the cancel of an order that has ended so was not refused.
  @Test func cancelsThatHaveComeTrueAreNotRefused() {
    for (status, saysNothing) in [(OrderStatus.canceled, true), (.filled, false), (.accepted, false)] {
      #expect(Self.event(.cancelRejected, reason: 6, status: status).saysNothing == saysNothing)
      #expect(!Self.event(.canceled, reason: 6, status: status).saysNothing)
    }
  }

  @Test func anEventReportsWhyWhereThereIsAReason() throws {
    let late = try Self.reported(.rejected, reason: OrderEvent.openingOver)
    #expect(late["event"]?.string == "rejected" && late["reason"]?.string == "the opening auction is over")
    let over = try Self.reported(.expired, reason: OrderEvent.auctionOver)
    #expect(over["event"]?.string == "expired" && over["reason"]?.string == "the auction is over")
    let wished = try Self.reported(.canceled, reason: 1)
    #expect(wished["event"]?.string == "canceled" && wished["reason"] == nil)
    let day = try Self.reported(.expired, reason: 0)
    #expect(day["event"]?.string == "expired" && day["reason"] == nil)
  }
}
