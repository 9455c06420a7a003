import Foundation
import Market
import Matching
import Testing

/// The engine against the reference, on random commands of every kind.
@Suite struct ReferenceTests {
  /// Commands for each seed; BUTTONWOOD_TEST_COMMANDS sets another number for longer runs.
  static let commandsPerSeed =
    ProcessInfo.processInfo.environment["BUTTONWOOD_TEST_COMMANDS"].flatMap { Int($0) } ?? 12_000

  @Test(arguments: [UInt64](1...6), [Int64(3), 12, 400])
  func engineAgreesWithReference(seed: UInt64, priceSpan: Int64) throws {
    var commands = RandomCommands(seed: seed &* 1_000_003 &+ UInt64(priceSpan), priceSpan: priceSpan)
    var engine = MatchingEngine()
    var reference = NaiveEngine()
    var done = 0
    while done < ReferenceTests.commandsPerSeed {
      let batch = commands.batch(commands.number(1...4) == 1 ? 1 : commands.number(1...1500))
      var events: [BookEvent] = []
      engine.apply(batch, into: &events)
      let expected = reference.apply(batch)
      try compare(events, expected, batch, "seed \(seed), span \(priceSpan), after \(done) commands")
      try compareBooks(engine, reference, "seed \(seed), span \(priceSpan), after \(done + batch.count) commands")
      done += batch.count
    }
  }

  private func compare(_ events: [BookEvent], _ expected: [BookEvent], _ batch: [BookCommand], _ place: String) throws {
    guard events != expected else { return }
    let first = zip(events, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    let at = first ?? min(events.count, expected.count)
    let command = at < expected.count ? expected[at].command : events[at].command
    Issue.record(
      """
      \(place): event \(at) differs at \(batch[Int(command)])
      expected \(at < expected.count ? "\(expected[at])" : "none")
      got \(at < events.count ? "\(events[at])" : "none")
      """)
    throw Difference()
  }

  private func compareBooks(_ engine: MatchingEngine, _ reference: NaiveEngine, _ place: String) throws {
    var resting = 0
    for (instrument, book) in reference.books {
      try #require(engine.restingOrders(instrument) == book.bids + book.asks, "\(place), instrument \(instrument)")
      for side in Side.allCases {
        let depth = levels(book.orders(side))
        try #require(engine.depth(instrument, side, levels: .max) == depth, "\(place), depth of \(instrument)")
        try #require(engine.best(side, instrument) == depth.first, "\(place), best of \(instrument)")
      }
      for order in book.bids + book.asks { try #require(engine.find(order.order) == order) }
      resting += book.bids.count + book.asks.count
    }
    try #require(engine.restingCount == resting, "\(place)")
  }

  private func levels(_ orders: [RestingOrder]) -> [DepthLevel] {
    var levels: [DepthLevel] = []
    for order in orders {
      if levels.last?.price == order.price {
        levels[levels.count - 1].quantity += order.leaves
      } else {
        levels.append(DepthLevel(price: order.price, quantity: order.leaves))
      }
    }
    return levels
  }

  struct Difference: Error {}
}
