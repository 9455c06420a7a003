import HTTP
import Market
import MessagePack
import Testing

@testable import LiveStreams

@Suite struct DataStreamSessionTests {
  private var session = DataStreamSession()

  private static func json(_ text: String) -> StreamRequest { StreamRequest(Array(text.utf8), .json) }

  private func opened() -> DataStreamSession {
    var session = DataStreamSession()
    _ = session.handle(.opened(isAuthenticated: true))
    return session
  }

  @Test func whoAuthenticatesByMessageIsGreetedFirst() {
    var session = DataStreamSession()
    #expect(session.handle(.opened(isAuthenticated: nil)) == [.send([.success(.connected)])])
    #expect(session.handle(.said(.subscribe([.trades: ["A"]]))) == [.send([.error(.notAuthenticated)])])
    #expect(
      session.handle(.said(Self.json(#"{"action":"auth","key":"k","secret":"s"}"#)))
        == [.authenticate(key: "k", secret: "s")])
    #expect(session.handle(.authenticated(false)) == [.send([.error(.authenticationFailed)])])
    #expect(session.handle(.said(.authenticate(key: "k", secret: "t"))) == [.authenticate(key: "k", secret: "t")])
    #expect(session.handle(.authenticated(true)) == [.send([.success(.authenticated)])])
    #expect(session.handle(.said(.authenticate(key: "k", secret: "t"))) == [.send([.error(.alreadyAuthenticated)])])
    #expect(session.handle(.outOfTime) == [])
  }

  @Test func credentialsInTheHeadAuthenticateAtOnce() {
    var session = DataStreamSession()
    #expect(
      session.handle(.opened(isAuthenticated: true))
        == [.send([.success(.connected)]), .send([.success(.authenticated)])])
    var wrong = DataStreamSession()
    #expect(
      wrong.handle(.opened(isAuthenticated: false))
        == [.send([.success(.connected)]), .send([.error(.authenticationFailed)])])
    #expect(wrong.isWaiting)
  }

  @Test func whoDoesNotAuthenticateInTimeIsCutOff() {
    var session = DataStreamSession()
    _ = session.handle(.opened(isAuthenticated: nil))
    #expect(session.handle(.outOfTime) == [.send([.error(.authenticationTimeout)]), .close])
    #expect(session.handle(.said(.malformed)) == [])
    var crowded = DataStreamSession()
    _ = crowded.handle(.opened(isAuthenticated: nil))
    _ = crowded.handle(.said(.authenticate(key: "k", secret: "s")))
    #expect(crowded.handle(.crowded) == [.send([.error(.connectionLimit)]), .close])
  }

  @Test func subscriptionsAddUpAndTheWholeIsAnswered() {
    var session = opened()
    let first = Self.json(#"{"action":"subscribe","trades":["AAPL"],"bars":["*"],"quotes":null}"#)
    let state: StreamSubscriptions = [
      .trades: ["AAPL"], .corrections: ["AAPL"], .cancelErrors: ["AAPL"], .bars: ["*"],
    ]
    #expect(session.handle(.said(first)) == [.subscribe(state, added: state)])
    #expect(session.handle(.subscribed(state)) == [.send([.subscriptions(state)])])
    // What changes nothing is answered at once.
    #expect(session.handle(.said(first)) == [.send([.subscriptions(state)])])
    var more = state
    more[.depth] = ["MSFT"]
    #expect(
      session.handle(.said(Self.json(#"{"action":"subscribe","depth":["MSFT"],"bars":["*"]}"#)))
        == [.subscribe(more, added: [.depth: ["MSFT"]])])
    let rest: StreamSubscriptions = [.depth: ["MSFT"], .bars: ["*"]]
    #expect(
      session.handle(.said(Self.json(#"{"action":"unsubscribe","trades":["AAPL","X"],"quotes":["Y"]}"#)))
        == [.subscribe(rest, added: [:])])
  }

  @Test(arguments: [
    ("", StreamFault.invalidSyntax), ("[]", .invalidSyntax), (#"{"action":"dance"}"#, .invalidSyntax),
    (#"{"action":"subscribe","trades":"AAPL"}"#, .invalidSyntax),
    (#"{"action":"subscribe","trades":[1]}"#, .invalidSyntax), (#"{"action":"auth","key":"k"}"#, .invalidSyntax),
    (#"{"action":"subscribe"}"#, .invalidSubscription), (#"{"action":"subscribe","news":["*"]}"#, .invalidSubscription),
    (#"{"action":"subscribe","depth":["*"]}"#, .invalidSubscription),
  ])
  func whatCannotBeReadIsSaidSo(text: String, fault: StreamFault) {
    var session = opened()
    #expect(session.handle(.said(Self.json(text))) == [.send([.error(fault)])])
  }

  /// What does not exist is refused, what was named beside it is not.
  @Test func unknownSymbolsAreRefused() {
    var session = opened()
    let wanted: StreamSubscriptions = [.quotes: ["AAPL"]]
    #expect(
      session.handle(.said(Self.json(#"{"action":"subscribe","quotes":["AAPL","aapl","\u212A","a b",""]}"#)))
        == [.send([.error(.unknownSymbol)]), .subscribe(wanted, added: wanted)])
    let request = StreamRequest.subscribe([.depth: ["ZZZZ", "YYYY"]]).without(["ZZZZ", "YYYY"])
    #expect(session.handle(.said(request)) == [.send([.error(.unknownSymbol)])])
    #expect(session.subscriptions == wanted)
  }

  @Test func whoIsWrongTooOftenOrSaysTooMuchIsCutOff() {
    var session = DataStreamSession()
    _ = session.handle(.opened(isAuthenticated: nil))
    for _ in 1..<DataStreamSession.attempts {
      _ = session.handle(.said(.authenticate(key: "k", secret: "s")))
      #expect(session.handle(.authenticated(false)) == [.send([.error(.authenticationFailed)])])
    }
    _ = session.handle(.said(.authenticate(key: "k", secret: "s")))
    #expect(session.handle(.authenticated(false)) == [.send([.error(.authenticationFailed)]), .close])
    var noisy = opened()
    #expect(noisy.handle(.noisy) == [.send([.error(.tooManyMessages)]), .close])
    #expect(noisy.handle(.said(.malformed)) == [])
  }

  /// Messages cost what they make others do.
  @Test func largeSubscriptionsCannotBeRepeatedWithoutEnd() {
    var (small, large) = (MessageBudget(), MessageBudget())
    let taken = (0..<1_000).map { _ in
      (small.take(bytes: 60, now: 0) ? 1 : 0, large.take(symbols: 30_000, now: 0) ? 1 : 0)
    }
    #expect(taken.reduce(0) { $0 + $1.0 } == Int(MessageBudget.burst))
    #expect(taken.reduce(0) { $0 + $1.1 } == 1)
    let (now, later) = (small.take(bytes: 60, now: 1), small.take(bytes: 60, now: 1_000_000_000))
    #expect(!now && later)
    let extreme = large.take(symbols: .max, now: .max / 2)
    #expect(!extreme)
  }

  /// A new connection brings no new budget.
  @Test func budgetsAreTheAccounts() {
    let budgets = MessageBudgets()
    let (one, other) = (AccountNumber(rawValue: 1), AccountNumber(rawValue: 2))
    while budgets.take(one, now: 0, { $0.take(bytes: 64_000, now: 0) }) {}
    #expect(!budgets.take(one, now: 0) { $0.take(bytes: 64_000, now: 0) })
    #expect(budgets.take(other, now: 0) { $0.take(bytes: 64_000, now: 0) })
  }

  @Test func subscriptionsHaveABound() {
    var session = opened()
    let symbols = Set((0...DataStreamSession.subscriptionLimit).map { "S\($0)" })
    #expect(session.handle(.said(.subscribe([.quotes: symbols]))) == [.send([.error(.symbolLimit)])])
    #expect(session.subscriptions.isEmpty)
  }

  /// The same message means the same in both formats.
  @Test func messagePackIsReadLikeJSON() {
    var writer = MessagePackWriter()
    writer.beginMap(3)
    writer.string("action")
    writer.string("subscribe")
    writer.string("trades")
    writer.beginArray(2)
    writer.string("AAPL")
    writer.string("MSFT")
    writer.string("depth")
    writer.beginArray(0)
    #expect(
      StreamRequest(writer.bytes, .messagePack)
        == Self.json(#"{"action":"subscribe","trades":["AAPL","MSFT"],"depth":[]}"#))
    #expect(StreamRequest([0xC1], .messagePack) == .malformed)
    #expect(StreamRequest(Array("{}".utf8), .messagePack) == .malformed)
  }

  @Test func theFormatIsTheRequests() {
    func format(_ type: String?) -> StreamFormat {
      StreamFormat(
        HTTPRequest(method: "GET", rawPath: "/v2/iex", headers: type.map { [(name: "content-type", value: $0)] } ?? []))
    }
    #expect(
      format("application/msgpack") == .messagePack && format("application/json") == .json && format(nil) == .json)
  }
}
