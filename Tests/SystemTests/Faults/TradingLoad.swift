import Glibc
import Lifecycle
import TestKit

/// Several clients that trade at random, each on a thread of its own, and keep their own record of what they were told.
///
/// A client that got no answer, or was told to come back, repeats the very same request until it knows. Every second client
/// brings an Idempotency-Key and is answered as the first time; the others have their client_order_id refused as used and
/// ask for the order by that name.
final class TradingLoad: Sendable {
  /// What one client was told.
  struct Record: Sendable {
    /// Acknowledged orders: the client's name and the exchange's.
    var acknowledged: [String: String] = [:]
    /// Names of orders that were refused: nothing may be stored of them.
    var refused: Set<String> = []
    /// Names of orders whose fate the client does not know.
    var unknown: Set<String> = []
    /// Orders whose cancellation was acknowledged.
    var cancelled: [String] = []
    /// Attempts without answer: when the request was sent, in monotonic nanoseconds.
    var unanswered: [Int64] = []
    /// Attempts that were told to come back (429, 503).
    var deferred = 0
    /// Answers that no client should see.
    var unexpected: [String] = []
    /// The longest time without being told anything, in nanoseconds.
    var longestSilence: Int64 = 0
  }

  /// How clients trade.
  struct Style: Sendable {
    var clients = 8
    /// Accounts that they share.
    var accounts = 8
    /// Of how many orders only one is not for the first instrument; 1 for an even spread.
    var heat: UInt64 = 1
    /// How long their orders live.
    var timeInForce = "gtc"
  }

  /// What the names of their orders begin with.
  static let mark = "load-"

  private let gateways: Lock<[ScratchGateway]>
  private let style: Style
  private let seed: UInt64
  private let run: String
  private let isStopping = Lock(false)
  private let records: Lock<[Record]>
  private let running: Lock<Int>

  /// Starts the clients.
  /// - Parameter gateways: Where they trade; they follow its changes.
  init(
    _ gateways: Lock<[ScratchGateway]>, style: Style = Style(), seed: UInt64 = .random(in: 0...99_999_999)
  ) {
    self.gateways = gateways
    self.style = style
    self.seed = seed
    run = "\(Self.mark)\(seed)"
    records = Lock([])
    running = Lock(style.clients)
    for client in 0..<style.clients {
      startThread(name: "client-\(client)") { [self] in
        let record = trade(client)
        records.withLock { $0.append(record) }
        running.withLock { $0 -= 1 }
      }
    }
  }

  /// Lets every client settle what it has under way, and returns their records.
  func stop() async throws -> (records: [Record], seed: UInt64) {
    isStopping.withLock { $0 = true }
    while running.withLock({ $0 }) > 0 { try await Task.sleep(for: .milliseconds(10)) }
    return (records.withLock { $0 }, seed)
  }

  private func trade(_ client: Int) -> Record {
    var random = SeededRandom(seed: seed &* 1000 &+ UInt64(client))
    var record = Record()
    var trader = Trader(gateways: gateways, account: client % style.accounts, turn: client)
    var open: [String] = []
    var number = 0
    while !isStopping.withLock({ $0 }) {
      if !open.isEmpty, random.next() % 4 == 0 {
        let order = open.remove(at: Int(random.next() % UInt64(open.count)))
        if trader.cancel(order, &record) { record.cancelled.append(order) }
      } else {
        number += 1
        let name = "\(run)-\(client)-\(number)"
        if let order = trader.place(name, body(name, &random), isKeyed: client % 2 == 0, &record) { open.append(order) }
      }
      usleep(6000)
    }
    return record
  }

  private func body(_ name: String, _ random: inout SeededRandom) -> String {
    let isHot = style.heat > 1 && random.next() % style.heat != 0
    let symbol = isHot ? "S0" : "S\(random.next() % UInt64(ScratchStack.instruments))"
    let cents = 9_950 + random.next() % 100
    let side = random.next() % 2 == 0 ? "buy" : "sell"
    return """
      {"symbol":"\(symbol)","qty":"\(1 + random.next() % 20)","side":"\(side)","type":"limit","time_in_force":"\(style.timeInForce)",\
      "limit_price":"\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)","client_order_id":"\(name)"}
      """
  }
}

/// One client's way to the gateways: repeats until it knows, going round when one does not answer.
private struct Trader {
  /// How long a client goes on asking, in tries: a minute and more.
  private static let tries = 1200

  let gateways: Lock<[ScratchGateway]>
  let account: Int
  var turn: Int
  private var callers: [UInt16: HTTPCaller] = [:]
  private var instructedAt = HostClock.monotonicNanoseconds()

  init(gateways: Lock<[ScratchGateway]>, account: Int, turn: Int) {
    self.gateways = gateways
    self.account = account
    self.turn = turn
  }

  mutating func place(_ name: String, _ body: String, isKeyed: Bool, _ record: inout TradingLoad.Record) -> String? {
    var isRepeated = false
    for _ in 0..<Self.tries {
      let key = isKeyed ? name : nil
      let answer = attempt(&record) { $0.call("POST", "/v2/orders", body, idempotencyKey: key) }
      switch answer?.status {
      case 200:
        guard let order = answer?.text("id") else { break }
        record.acknowledged[name] = order
        return order
      case 422 where isRepeated && answer?.body.contains("must be unique") == true:
        guard let order = find(name, &record) else { break }
        record.acknowledged[name] = order
        return order
      case 403, 422:
        record.refused.insert(name)
        if answer?.body.contains("must be unique") == true { record.unexpected.append("first \(name) is used already") }
        return nil
      case nil, 429, 503: break
      case let status?:
        record.unexpected.append("\(status) for \(name): \(answer?.body ?? "")")
      }
      isRepeated = true
      usleep(50_000)
    }
    record.unknown.insert(name)
    return nil
  }

  mutating func cancel(_ order: String, _ record: inout TradingLoad.Record) -> Bool {
    for _ in 0..<Self.tries {
      let answer = attempt(&record) { $0.call("DELETE", "/v2/orders/\(order)") }
      switch answer?.status {
      case 204: return true
      case 404, 422: return false
      case nil, 429, 503: usleep(50_000)
      case let status?:
        record.unexpected.append("\(status) for a cancel: \(answer?.body ?? "")")
        return false
      }
    }
    return false
  }

  private mutating func find(_ name: String, _ record: inout TradingLoad.Record) -> String? {
    let answer = attempt(&record) { $0.call("GET", "/v2/orders:by_client_order_id?client_order_id=\(name)") }
    return answer?.status == 200 ? answer?.text("id") : nil
  }

  private mutating func attempt(
    _ record: inout TradingLoad.Record, _ request: (HTTPCaller) -> HTTPCaller.Answer?
  ) -> HTTPCaller.Answer? {
    let sent = HostClock.monotonicNanoseconds()
    let answer = caller().flatMap(request)
    let now = HostClock.monotonicNanoseconds()
    switch answer?.status {
    case nil:
      record.unanswered.append(sent)
      turn += 1
    case 429, 503: record.deferred += 1
    default:
      record.longestSilence = max(record.longestSilence, now - instructedAt)
      instructedAt = now
    }
    return answer
  }

  private mutating func caller() -> HTTPCaller? {
    let known = gateways.withLock { $0 }
    guard !known.isEmpty else { return nil }
    let gateway = known[turn % known.count]
    if let caller = callers[gateway.port] { return caller }
    let caller = gateway.caller(account: account)
    callers[gateway.port] = caller
    return caller
  }
}
