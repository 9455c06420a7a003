import Accounting
import Market
import TestKit
import Testing

@Suite struct EventIDTests {
  @Test func namesSortAsTimesDoAndAreReadBack() {
    var random = SeededRandom(seed: 3)
    var ids = (0..<2_000).map { _ in
      EventID(
        at: Timestamp(rawValue: random.number(0...4_000_000_000_000_000)),
        account: AccountNumber(rawValue: random.number(1...Int64.max)))
    }
    for id in ids {
      #expect(id.description.utf8.count == 26)
      #expect(EventID(id.description) == id)
      #expect(EventID(id.description.lowercased()) == id)
    }
    ids.sort()
    #expect(ids.map(\.description) == ids.map(\.description).sorted())
  }

  @Test(arguments: [
    "", "01", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
  ])
  func refusesWhatIsNoName(text: String) { #expect(EventID(text) == nil) }
}
