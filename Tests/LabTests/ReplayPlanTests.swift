import Market
import Testing

@testable import LabKit

/// Plays a plan against the fake exchange, in virtual time, with answers delayed, reordered and lost.
private struct Play {
  var plan: ReplayPlan
  var exchange = FakeExchange()
  var now: Int64 = 0
  var random: SeededRandom
  /// Of a hundred requests, so many meet a fault.
  var faults: UInt64 = 0
  private var flying: [TradingRequest] = []
  private(set) var sent: [TradingRequest] = []
  private(set) var mostInFlight = 0

  init(_ rows: [FlowRow], seed: UInt64, inOrder: Bool, inFlight: Int = 8, pace: ReplayPace = .unbounded) {
    var rest = rows[...]
    let settings = ReplayPlan.Settings(
      symbol: Symbol("T")!, run: "t", accounts: AccountSpread(accounts: 5)!, isInOrder: inOrder,
      inFlightLimit: inFlight, pace: pace, keepsExpectations: true)
    plan = ReplayPlan(settings) { rest.popFirst() }
    random = SeededRandom(seed)
  }

  mutating func run(stopAfter limit: Int = .max) throws {
    while true {
      switch try plan.next(now: now) {
      case .finished:
        #expect(flying.isEmpty)
        return
      case .send(let request):
        sent.append(request)
        flying.append(request)
        mostInFlight = max(mostInFlight, flying.count)
        if sent.count == limit { plan.stop() }
      case .wait(let moment):
        if flying.isEmpty { now = max(now, try #require(moment, "nothing under way and nothing to wait for")) }
        answerOne()
      }
    }
  }

  private mutating func answerOne() {
    guard !flying.isEmpty else { return }
    let request = flying.remove(at: Int(random.next() % UInt64(flying.count)))
    now += 1000
    var answer = TradingAnswer.unknown
    let dice = random.next() % 100
    switch dice < faults ? dice % 4 : 4 {
    case 0: answer = .throttled(wait: 5_000_000)
    case 1: answer = .unavailable
    case 2: break  // lost on its way there
    case 3: _ = exchange.handle(request.call, account: request.account)  // lost on its way back
    default: answer = exchange.handle(request.call, account: request.account)
    }
    plan.take(answer, for: request.token, now: now)
  }

  /// Shares each row's order was filled, 0 left out.
  var fills: [Int: Int64] {
    var fills: [Int: Int64] = [:]
    for order in exchange.orders.values where order.filled > 0 && order.status != "replaced" {
      fills[Int(order.client.dropFirst(2).prefix { $0 != "." })!] = order.filled
    }
    return fills
  }

  func expectBooksBalance() {
    let tally = plan.tally
    #expect(exchange.strays == 0)
    #expect(tally.lost == 0 && tally.unexpected == 0)
    var sent = 0
    for kind in ReplayTally.Kind.allCases {
      let count = tally[kind]
      #expect(count.sent == count.accepted + count.refused + count.late + count.lost, "\(kind)")
      sent += count.sent
    }
    #expect(tally.rows == sent + tally.skipped.values.reduce(0, +))
    #expect(tally.requests == self.sent.count)
  }
}

private func entries(_ rows: [FlowRow]) -> Int {
  rows.count {
    switch $0.action {
    case .enter, .take: true
    case .reduce, .cancel, .skip: false
    }
  }
}

struct ReplayPlanTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func inOrderFillsEqualTheRecording(seed: UInt64) throws {
    print("seed \(seed)")
    let rows = randomFlow(seed: seed, rows: 2000)
    var play = Play(rows, seed: seed, inOrder: true)
    play.exchange.lag = 3
    try play.run()
    play.expectBooksBalance()
    #expect(play.fills == play.plan.expectedFills && !play.fills.isEmpty)
    #expect(play.mostInFlight == 1)
    #expect(play.plan.tally.rows == 2000)
    #expect(play.plan.tally.refusals.isEmpty && play.plan.tally.skipped.isEmpty)
  }

  @Test(arguments: [4, 5, 6, 7] as [UInt64])
  func inOrderFillsEqualTheRecordingWhateverIsLost(seed: UInt64) throws {
    print("seed \(seed)")
    let rows = randomFlow(seed: seed, rows: 1500)
    var play = Play(rows, seed: seed, inOrder: true)
    play.exchange.lag = 2
    play.faults = 30
    try play.run()
    play.expectBooksBalance()
    #expect(play.fills == play.plan.expectedFills)
    #expect(play.plan.tally.recovered > 0 && play.plan.tally.throttled > 0 && play.plan.tally.unavailable > 0)
  }

  @Test(arguments: [8, 9, 10, 11] as [UInt64])
  func concurrentlyEveryOrderArrivesOnceAndCancelsFollowTheirOrders(seed: UInt64) throws {
    print("seed \(seed)")
    let rows = randomFlow(seed: seed, rows: 2000)
    var play = Play(rows, seed: seed, inOrder: false, inFlight: 32)
    play.exchange.lag = 5
    play.faults = seed % 2 == 0 ? 20 : 0
    try play.run()
    play.expectBooksBalance()
    #expect(play.mostInFlight == 32)
    #expect(play.exchange.orders.values.count { !$0.client.contains(".") } == entries(rows))
    if play.faults == 0 {
      let submits = play.sent.compactMap { if case .submit(let order) = $0.call { order.clientOrderID } else { nil } }
      #expect(Set(submits).count == submits.count)
    }
  }

  @Test func stoppingDropsWhatWasNotSentAndFinishesWhatWas() throws {
    let rows = randomFlow(seed: 12, rows: 2000)
    var play = Play(rows, seed: 12, inOrder: false)
    play.faults = 10
    try play.run(stopAfter: 500)
    play.expectBooksBalance()
    #expect(play.plan.tally.rows < 1000)
  }

  @Test func rowsAreDueAsRecordedTimesTheSpeed() throws {
    let rows = randomFlow(seed: 13, rows: 500)
    var play = Play(rows, seed: 13, inOrder: false, inFlight: 1000, pace: try #require(ReplayPace("0.5")))
    try play.run()
    #expect(play.now >= 499 * 2_000_000 && play.now < 520 * 2_000_000)
    #expect(play.plan.tally.lateness.count == 500)
  }

  @Test func aReductionToNothingIsACancel() throws {
    let order = FlowOrder(id: 7, side: .buy, price: Price(rawValue: 10_000), quantity: 10, fills: [])
    let rows = [
      FlowRow(number: 1, time: 0, action: .enter(order)), FlowRow(number: 2, time: 0, action: .reduce(order: 7, by: 4)),
      FlowRow(number: 3, time: 0, action: .reduce(order: 7, by: 6)),
      FlowRow(number: 4, time: 0, action: .cancel(order: 7)), FlowRow(number: 5, time: 0, action: .skip(.halt)),
    ]
    var play = Play(rows, seed: 1, inOrder: true)
    try play.run()
    let calls = play.sent.map(\.call)
    #expect(calls.count == 3)
    #expect(calls[1] == .replace(order: "o0", quantity: 6, clientOrderID: "t-1.2"))
    #expect(calls[2] == .cancel(order: "o1"))
    #expect(play.plan.tally.skipped.count == 2)
  }

  @Test func whatIsNeverAnsweredIsLostAfterABoundedNumberOfTries() throws {
    let order = FlowOrder(id: 7, side: .buy, price: Price(rawValue: 10_000), quantity: 10, fills: [])
    var play = Play([FlowRow(number: 1, time: 0, action: .enter(order))], seed: 1, inOrder: true)
    play.faults = 0
    var sent = 0
    loop: while true {
      switch try play.plan.next(now: play.now) {
      case .send(let request):
        sent += 1
        play.plan.take(.unknown, for: request.token, now: play.now)
      case .wait(let moment): play.now = moment ?? play.now
      case .finished: break loop
      }
    }
    #expect(sent == ReplayJob.fruitlessLimit + 1)
    #expect(play.plan.tally.lost == 1 && !play.plan.tally.isSound)
    #expect(play.now > 50_000_000_000)
  }

  @Test(arguments: [
    ("max", ReplayPace.unbounded), ("20", .recorded(thousandths: 20_000)), ("0.05", .recorded(thousandths: 50)),
  ])
  func speedsAreRead(text: String, pace: ReplayPace) { #expect(ReplayPace(text) == pace) }

  @Test(arguments: ["", "0", "-1", "1.", "1.2345", "fast", "1e3", "0.0"])
  func otherSpeedsAreRefused(text: String) { #expect(ReplayPace(text) == nil) }
}
