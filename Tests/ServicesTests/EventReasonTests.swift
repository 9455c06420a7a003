import Accounting
import Market
import Matching
import Ports
import TestKit
import Testing

/// Whatever happens to an order for a reason is told in words.
@Suite struct EventReasonTests {
  private static func explanation(_ reason: UInt8) -> String? {
    var event = EventFixture.event(AccountNumber(rawValue: 1), at: Row.start).event
    event.reason = reason
    return event.explanation
  }

  @Test func everyReasonOfTheEngineAndOfTheExchangeHasWordsOfItsOwn() {
    let own = UInt8(100)...OrderEvent.auctionOver
    var words: Set<String> = []
    for reason in UInt8.min...UInt8.max {
      switch BookEvent.Reason(rawValue: reason) {
      case .some(.none), .requested: #expect(Self.explanation(reason) == nil, "\(reason)")
      case nil where !own.contains(reason): #expect(Self.explanation(reason) == nil, "\(reason)")
      case nil, _?:
        let isNew = words.insert(Self.explanation(reason) ?? "").inserted
        #expect(isNew, "\(reason)")
      }
    }
    #expect(!words.contains("") && words.count == 8 + own.count)
  }
}
