import Market
import Services
import Testing

@Suite struct OrderRulesTests {
  let rules = OrderRules()
  let instrument = Instrument(
    id: InstrumentID(rawValue: 1), assetID: UniqueID(high: 1, low: 1), symbol: Symbol("AAPL")!, name: "Apple",
    exchange: "NASDAQ", shard: Shard(rawValue: 0), tradable: true, referencePrice: Price("50"))

  private func ticket(_ change: (inout OrderTicket) -> Void = { _ in }) -> OrderTicket {
    var ticket = OrderTicket()
    ticket.symbol = "AAPL"
    ticket.quantity = "10"
    ticket.side = "buy"
    ticket.type = "limit"
    ticket.timeInForce = "day"
    ticket.limitPrice = "100.5"
    change(&ticket)
    return ticket
  }

  private func refusal(_ ticket: OrderTicket) -> TicketRefusal? {
    do throws(TicketRefusal) {
      _ = try rules.terms(try rules.draft(ticket), instrument, lastPrice: nil)
      return nil
    } catch { return error }
  }

  @Test func goodTicketBecomesTerms() throws {
    let draft = try rules.draft(ticket())
    #expect(draft.side == .buy && draft.type == .limit && draft.timeInForce == .day)
    let terms = try rules.terms(draft, instrument, lastPrice: nil)
    #expect(terms.quantity == Quantity(rawValue: 10) && terms.price == Price("100.5"))
  }

  @Test(arguments: ["day", "gtc", "ioc", "fok"])
  func everyTimeInForceGoesWithBothTypes(text: String) {
    #expect(refusal(ticket { $0.timeInForce = text }) == nil)
    #expect(refusal(ticket { ($0.timeInForce, $0.type, $0.limitPrice) = (text, "market", nil) }) == nil)
  }

  @Test func checksComeInOrder() {
    // Field after field is mended; each time the next one is named.
    var ticket = OrderTicket()
    #expect(refusal(ticket) == .missing(.symbol))
    ticket.symbol = "AAPL"
    #expect(refusal(ticket) == .missing(.quantity))
    ticket.quantity = "-1"
    #expect(refusal(ticket) == .missing(.side))
    ticket.side = "buy"
    #expect(refusal(ticket) == .missing(.type))
    ticket.type = "limit"
    #expect(refusal(ticket) == .missing(.timeInForce))
    ticket.timeInForce = "day"
    #expect(refusal(ticket) == .missing(.limitPrice))
    ticket.limitPrice = "1.001"
    ticket.clientOrderID = "a\u{7F}"
    #expect(refusal(ticket) == .badClientOrderID)
    ticket.clientOrderID = "a"
    #expect(refusal(ticket) == .rejected(.quantityNotPositive))
    ticket.quantity = "1"
    #expect(refusal(ticket) == .subPenny("1.001"))
    ticket.limitPrice = "1.01"
    #expect(refusal(ticket) == nil)
  }

  @Test func boundsAreExact() {
    for (quantity, isFine) in [("1", true), ("10000000", true), ("10000001", false), ("0", false)] {
      #expect((refusal(ticket { $0.quantity = quantity }) == nil) == isFine)
    }
    for (price, isFine) in [
      ("1000000", true), ("1000000.01", false), ("0.0001", true), ("0.9999", true), ("1.00", true), ("1.0001", false),
      ("0.00005", false),
    ] {
      #expect((refusal(ticket { $0.limitPrice = price }) == nil) == isFine)
    }
    let largest = ticket { ($0.quantity, $0.limitPrice) = ("10000000", "1000000") }
    #expect(refusal(largest) == nil, "the largest order's cost can be represented")
  }

  @Test func clientOrderIDIsMeasuredInCharacters() {
    #expect(refusal(ticket { $0.clientOrderID = String(repeating: "é", count: 128) }) == nil)
    #expect(refusal(ticket { $0.clientOrderID = String(repeating: "e\u{301}", count: 65) }) == .badClientOrderID)
  }

  @Test(arguments: [
    ("100", Side.buy, "105"), ("100", .sell, "95"), ("0.99", .buy, "1.04"), ("1", .sell, "0.95"),
    ("0.0001", .buy, "0.0002"),
    ("0.0001", .sell, "0.0001"), ("1000000", .buy, "1000000"), ("33.33", .buy, "35"), ("33.33", .sell, "31.66"),
  ])
  func protectionIsTheCollarOnTheGrid(last: String, side: Side, expected: String) {
    #expect(rules.protection(around: Price(last)!, side) == Price(expected)!)
  }

  @Test func protectionIsAlwaysAPriceThatMayBeOrderedAt() {
    for _ in 0..<10_000 {
      let rules = OrderRules(collarBasisPoints: .random(in: -5...20_000))
      let last = Price(rawValue: .random(in: 1...Price.maximum.rawValue))
      let (buy, sell) = (rules.protection(around: last, .buy), rules.protection(around: last, .sell))
      #expect(sell.rawValue > 0 && buy <= .maximum && buy.isOnGrid && sell.isOnGrid)
      #expect(sell <= last && (buy >= last || buy == .maximum))
    }
  }

  @Test func marketOrderNeedsAPriceToBeProtectedAround() throws {
    let draft = try rules.draft(ticket { ($0.type, $0.limitPrice) = ("market", nil) })
    #expect(try rules.terms(draft, instrument, lastPrice: nil).price == Price("52.5"))
    #expect(try rules.terms(draft, instrument, lastPrice: Price("10")).price == Price("10.5"))
    var unknown = instrument
    unknown.referencePrice = nil
    #expect(throws: TicketRefusal.rejected(.noProtectionPrice(instrument.symbol))) {
      try rules.terms(draft, unknown, lastPrice: nil)
    }
  }

  @Test func replacementKeepsWhatItDoesNotName() throws {
    let nothing = try rules.change(ReplaceTicket())
    #expect(nothing.terms.quantity == nil && nothing.terms.price == nil && nothing.terms.timeInForce == nil)
    var ticket = ReplaceTicket()
    (ticket.quantity, ticket.limitPrice, ticket.timeInForce) = ("3.0", "0.5001", "gtc")
    let change = try rules.change(ticket)
    #expect(
      change.terms.quantity == Quantity(rawValue: 3) && change.terms.price == Price("0.5001")
        && change.terms.timeInForce == .gtc)
    ticket.unsupportedField = "trail"
    #expect(throws: TicketRefusal.unsupported("trail")) { try rules.change(ticket) }
  }
}
