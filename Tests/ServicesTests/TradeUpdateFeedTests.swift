import Accounting
import Market
import Ports
import Services
import TestKit
import Testing

/// Whatever is committed, lost, repeated, delayed or refused: each follower gets the ledger's events behind its start, all
/// of them, once, in order.
@Suite struct TradeUpdateFeedTests {
  /// The ledger and its readers, with every step chosen at random.
  private struct World {
    var random: SeededRandom
    var feed = TradeUpdateFeed()
    var ledger: [AccountNumber: [AccountEvent]] = [:]
    var now = Timestamp(rawValue: 1_000_000)
    var pending: [TradeUpdateFeed.Track: [EventAnswer]] = [:]
    /// The times of what each has got: all that tells an account's events apart.
    var got: [TradeUpdateFeed.FollowerID: [Timestamp]] = [:]
    var starts: [TradeUpdateFeed.FollowerID: (account: AccountNumber, after: Timestamp?, until: Timestamp?)] = [:]
    var finished: Set<TradeUpdateFeed.FollowerID> = []
    var arrivedAt: [TradeUpdateFeed.FollowerID: Timestamp] = [:]
    let accounts = (1...5).map { AccountNumber(rawValue: $0) }

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func step() {
      now = now.advanced(byMicroseconds: random.number(1...1_000))
      switch random.number(0...9) {
      case 0, 1, 2: commit()
      case 3: feed.notified((0..<random.number(0...3)).map { _ in random.pick(accounts) })
      case 4: follow()
      case 5: if let id = got.keys.sorted().randomElement(using: &random) { feed.filled(id) }
      case 6: for id in got.keys.sorted() where random.oneIn(2) { feed.drained(id) }
      case 7: if random.oneIn(4) { leave() }
      default: for track in TradeUpdateFeed.Track.allCases where random.oneIn(2) { advance(track) }
      }
    }

    mutating func commit() {
      let account = random.pick(accounts)
      for _ in 0..<random.number(1...6) {
        let last = ledger[account]?.last?.at ?? Timestamp(rawValue: 0)
        ledger[account, default: []].append(
          EventFixture.event(account, at: max(now, last.advanced(byMicroseconds: 1))))
      }
      // Two wake-ups in three arrive.
      if !random.oneIn(3) { feed.notified([account]) }
    }

    mutating func follow() {
      let account = random.pick(accounts)
      let events = ledger[account] ?? []
      let start = random.oneIn(3) ? nil : events.randomElement(using: &random)?.at ?? Timestamp(rawValue: 0)
      let until = random.oneIn(4) ? now.advanced(byMicroseconds: random.number(-5_000...5_000)) : nil
      let id = feed.follow(account, from: start.map { .after($0) } ?? .now, until: until)
      starts[id] = (account, start, until)
      got[id] = []
    }

    mutating func leave() {
      guard let id = got.keys.sorted().randomElement(using: &random) else { return }
      feed.leave(id)
      got[id] = nil
      starts[id] = nil
    }

    /// Begins a reading, or ends one well or badly.
    mutating func advance(_ track: TradeUpdateFeed.Track) {
      if let answers = pending.removeValue(forKey: track) {
        random.oneIn(5) ? feed.failed(track) : take(feed.answered(answers, in: track, now: now))
      } else {
        let questions = feed.questions(track, limit: random.number(1...3))
        if !questions.isEmpty { pending[track] = questions.map { answer($0, limit: random.number(1...4)) } }
      }
    }

    mutating func answer(_ question: EventQuestion, limit: Int) -> EventAnswer {
      let all = ledger[question.account] ?? []
      let behind = all.filter { $0.at > question.after }
      return EventAnswer(
        question: question, events: Array(behind.prefix(limit)), last: all.last?.at ?? Timestamp(rawValue: 0),
        hasMore: behind.count >= limit)
    }

    mutating func take(_ outcome: TradeUpdateFeed.Outcome) {
      for delivery in outcome.deliveries {
        for id in delivery.followers { got[id]?.append(contentsOf: delivery.events.map(\.at)) }
      }
      for id in outcome.arrived {
        if starts[id]?.after == nil, starts[id] != nil, starts[id]?.until == nil { arrivedAt[id] = now }
      }
      finished.formUnion(outcome.finished)
    }

    /// The slow look finds what no wake-up told, until there is nothing left to do.
    mutating func settle() {
      now = now.advanced(byMicroseconds: 1_000_000)
      for id in got.keys { feed.drained(id) }
      for _ in 0..<100_000 {
        let news = feed.inquiry(now: now).filter { question in
          (ledger[question.account]?.last?.at).map { $0 > question.after } ?? false
        }
        feed.notified(news.map(\.account))
        var isIdle = news.isEmpty
        for track in TradeUpdateFeed.Track.allCases {
          let had = pending[track] != nil
          advance(track)
          if had || pending[track] != nil { isIdle = false }
        }
        if isIdle { return }
      }
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func eachFollowerGetsItsEventsOnceInOrder(seed: UInt64) {
    var world = World(seed: seed)
    for _ in 0..<400 { world.step() }
    world.settle()
    for (id, events) in world.got {
      let (account, after, until) = world.starts[id]!
      let all = (world.ledger[account] ?? []).map(\.at).filter { $0 <= until ?? Timestamp(rawValue: .max) }
      if let after {
        #expect(events == all.filter { $0 > after }, "seed \(seed)")
      } else {
        // Who begins now gets an unbroken end of the stream, with everything since it was told that it follows.
        #expect(events == Array(all.suffix(events.count)), "seed \(seed)")
        if let arrived = world.arrivedAt[id] {
          #expect(all.filter { $0 > arrived }.allSatisfy { events.contains($0) }, "seed \(seed)")
        }
      }
      #expect(world.finished.contains(id) == (until != nil), "seed \(seed)")
    }
  }

  @Test func followersAtOnePlaceShareAReading() {
    var feed = TradeUpdateFeed()
    let account = AccountNumber(rawValue: 7)
    for _ in 0..<100 { _ = feed.follow(account, from: .now) }
    let questions = feed.questions(.news, limit: 10)
    #expect(questions.count == 1)
    let outcome = feed.answered(
      [EventAnswer(question: questions[0], events: [], last: Timestamp(rawValue: 5), hasMore: false)], in: .news,
      now: Timestamp(rawValue: 9))
    #expect(outcome.arrived.count == 100 && outcome.deliveries.isEmpty)
    feed.notified([account])
    #expect(feed.questions(.news, limit: 10) == [EventQuestion(account: account, after: Timestamp(rawValue: 5))])
    // The lane is at work.
    feed.notified([account])
    #expect(feed.questions(.news, limit: 10).isEmpty)
  }
}
