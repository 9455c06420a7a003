import Accounting
import Market
import Ports
import Services
import TestKit
import Testing

/// Whatever is committed, lost, repeated, delayed or refused: each follower gets the ledger's events behind its start, all
/// of them, once, in order.
@Suite struct EventHubTests {
  /// The ledger and its readers, with every step chosen at random.
  private struct World {
    var random: SeededRandom
    var hub = EventHub()
    var ledger: [AccountNumber: [AccountEvent]] = [:]
    var now = Timestamp(rawValue: 1_000_000)
    var pending: [EventHub.Lane: [EventAnswer]] = [:]
    /// The times of what each has got: all that tells an account's events apart.
    var got: [EventHub.FollowerID: [Timestamp]] = [:]
    var starts: [EventHub.FollowerID: (account: AccountNumber, after: Timestamp?, until: Timestamp?)] = [:]
    var finished: Set<EventHub.FollowerID> = []
    var arrivedAt: [EventHub.FollowerID: Timestamp] = [:]
    let accounts = (1...5).map { AccountNumber(rawValue: $0) }

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func step() {
      now = now.advanced(byMicroseconds: random.number(1...1_000))
      switch random.number(0...9) {
      case 0, 1, 2: commit()
      case 3: hub.nudged((0..<random.number(0...3)).map { _ in random.pick(accounts) })
      case 4: follow()
      case 5: if let id = got.keys.sorted().randomElement(using: &random) { hub.filled(id) }
      case 6: for id in got.keys.sorted() where random.oneIn(2) { hub.drained(id) }
      case 7: if random.oneIn(4) { leave() }
      default: for lane in EventHub.Lane.allCases where random.oneIn(2) { advance(lane) }
      }
    }

    mutating func commit() {
      let account = random.pick(accounts)
      for _ in 0..<random.number(1...6) {
        let last = ledger[account]?.last?.at ?? Timestamp(rawValue: 0)
        ledger[account, default: []].append(
          EventFixture.event(account, at: max(now, last.advanced(byMicroseconds: 1))))
      }
      // Two nudges in three arrive.
      if !random.oneIn(3) { hub.nudged([account]) }
    }

    mutating func follow() {
      let account = random.pick(accounts)
      let events = ledger[account] ?? []
      let start = random.oneIn(3) ? nil : events.randomElement(using: &random)?.at ?? Timestamp(rawValue: 0)
      let until = random.oneIn(4) ? now.advanced(byMicroseconds: random.number(-5_000...5_000)) : nil
      let id = hub.follow(account, from: start.map { .after($0) } ?? .now, until: until)
      starts[id] = (account, start, until)
      got[id] = []
    }

    mutating func leave() {
      guard let id = got.keys.sorted().randomElement(using: &random) else { return }
      hub.leave(id)
      got[id] = nil
      starts[id] = nil
    }

    /// Begins a reading, or ends one well or badly.
    mutating func advance(_ lane: EventHub.Lane) {
      if let answers = pending.removeValue(forKey: lane) {
        random.oneIn(5) ? hub.failed(lane) : take(hub.answered(answers, in: lane, now: now))
      } else {
        let questions = hub.questions(lane, limit: random.number(1...3))
        if !questions.isEmpty { pending[lane] = questions.map { answer($0, limit: random.number(1...4)) } }
      }
    }

    mutating func answer(_ question: EventQuestion, limit: Int) -> EventAnswer {
      let all = ledger[question.account] ?? []
      let behind = all.filter { $0.at > question.after }
      return EventAnswer(
        question: question, events: Array(behind.prefix(limit)), last: all.last?.at ?? Timestamp(rawValue: 0),
        hasMore: behind.count >= limit)
    }

    mutating func take(_ outcome: EventHub.Outcome) {
      for delivery in outcome.deliveries {
        for id in delivery.followers { got[id]?.append(contentsOf: delivery.events.map(\.at)) }
      }
      for id in outcome.arrived {
        if starts[id]?.after == nil, starts[id] != nil, starts[id]?.until == nil { arrivedAt[id] = now }
      }
      finished.formUnion(outcome.finished)
    }

    /// The slow look finds what no nudge told, until there is nothing left to do.
    mutating func settle() {
      now = now.advanced(byMicroseconds: 1_000_000)
      for id in got.keys { hub.drained(id) }
      for _ in 0..<100_000 {
        let news = hub.inquiry(now: now).filter { question in
          (ledger[question.account]?.last?.at).map { $0 > question.after } ?? false
        }
        hub.nudged(news.map(\.account))
        var isIdle = news.isEmpty
        for lane in EventHub.Lane.allCases {
          let had = pending[lane] != nil
          advance(lane)
          if had || pending[lane] != nil { isIdle = false }
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
    var hub = EventHub()
    let account = AccountNumber(rawValue: 7)
    for _ in 0..<100 { _ = hub.follow(account, from: .now) }
    let questions = hub.questions(.news, limit: 10)
    #expect(questions.count == 1)
    let outcome = hub.answered(
      [EventAnswer(question: questions[0], events: [], last: Timestamp(rawValue: 5), hasMore: false)], in: .news,
      now: Timestamp(rawValue: 9))
    #expect(outcome.arrived.count == 100 && outcome.deliveries.isEmpty)
    hub.nudged([account])
    #expect(hub.questions(.news, limit: 10) == [EventQuestion(account: account, after: Timestamp(rawValue: 5))])
    // The lane is at work.
    hub.nudged([account])
    #expect(hub.questions(.news, limit: 10).isEmpty)
  }
}
