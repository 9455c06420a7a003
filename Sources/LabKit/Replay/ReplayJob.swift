/// One command of a recording on its way to the gateway, through retries, to its end: never lost, never doubled.
///
/// A repeat always carries the first attempt's `client_order_id`. Where an earlier attempt may have been carried out, a
/// refusal that this would explain is looked into by that identifier before it is believed.
struct ReplayJob: Sendable, Equatable {
  /// What the command does.
  enum Work: Sendable, Equatable {
    case submit(LimitOrder)
    case replace(order: String, quantity: Int64, clientOrderID: String)
    case cancel(order: String)
  }

  /// How it ended.
  enum Outcome: Sendable, Equatable {
    /// A new order, or the order that replaces the old one, stands under this identifier.
    case placed(String)
    case canceled
    /// The order had finished before: its state.
    case late(String)
    case refused(reason: String)
    /// No answer was got however often it was tried; whether it was carried out is not known.
    case lost
  }

  /// What follows from an answer.
  enum Step: Sendable, Equatable {
    case finish(Outcome)
    /// Send ``call`` again after this many nanoseconds.
    case resend(after: Int64, Resend)
  }

  /// Why something is sent again.
  enum Resend: Sendable, Equatable, CaseIterable { case throttled, unavailable, unknown, tooEarly, lookup }

  /// How often a command is sent again because there was no usable answer: about a minute.
  static let fruitlessLimit = 64
  /// How often a command is sent again after `Retry-After`.
  static let throttledLimit = 1000
  /// How often a replacement is sent again because its order was not yet `new`: about five seconds.
  static let tooEarlyLimit = 24
  /// The first wait before a repeat; it doubles up to the longest. Nanoseconds.
  static let firstWait: Int64 = 2_000_000
  static let longestWait: Int64 = 1_000_000_000
  /// The longest wait for an order to become `new`, in nanoseconds.
  static let longestEarlyWait: Int64 = 256_000_000

  /// The recording's row.
  let row: Int
  /// The recording's order; nil when nothing later in the recording can refer to it.
  let order: UInt64?
  let account: Int
  var work: Work
  private(set) var attempts = 0
  private var fruitless = 0
  private var throttles = 0
  private var early = 0
  /// An earlier attempt may have been carried out.
  private var isUncertain = false
  /// What the gateway said before the order was looked up; nil while nothing is looked up.
  private var doubted: TradingAnswer?

  init(row: Int, order: UInt64?, account: Int, work: Work) {
    self.row = row
    self.order = order
    self.account = account
    self.work = work
  }

  /// What is to be sent now.
  var call: TradingCall {
    if doubted != nil, let clientOrderID { return .find(clientOrderID: clientOrderID) }
    switch work {
    case .submit(let order): return .submit(order)
    case .replace(let order, let quantity, let clientOrderID):
      return .replace(order: order, quantity: quantity, clientOrderID: clientOrderID)
    case .cancel(let order): return .cancel(order: order)
    }
  }

  private var clientOrderID: String? {
    switch work {
    case .submit(let order): order.clientOrderID
    case .replace(_, _, let clientOrderID): clientOrderID
    case .cancel: nil
    }
  }

  mutating func noteSent() { attempts += 1 }

  /// Takes the answer to ``call``.
  mutating func take(_ answer: TradingAnswer) -> Step {
    switch answer {
    case .throttled(let wait):
      throttles += 1
      return throttles > Self.throttledLimit ? .finish(.lost) : .resend(after: wait, .throttled)
    case .unavailable: return resendAfterNothing(.unavailable)
    case .unknown:
      if doubted == nil { isUncertain = true }
      return resendAfterNothing(.unknown)
    case .order(let id): return .finish(isCancel ? .canceled : .placed(id))
    case .refused(let reason): return .finish(.refused(reason: reason))
    case .accepted:
      return .finish(isCancel ? .canceled : .refused(reason: "204 where an order was expected"))
    case .shown: return .finish(.refused(reason: "an answer to a question that was not asked"))
    case .duplicate, .tooEarly, .tooLate, .notFound: break
    }
    if let doubted { return believe(doubted) }
    if isUncertain, answer != .notFound { return isCancel ? believe(answer) : look(into: answer) }
    return believe(answer)
  }

  private var isCancel: Bool {
    if case .cancel = work { true } else { false }
  }

  private mutating func look(into answer: TradingAnswer) -> Step {
    doubted = answer
    return .resend(after: 0, .lookup)
  }

  /// Acts on a refusal that no earlier attempt explains.
  private mutating func believe(_ answer: TradingAnswer) -> Step {
    let wasLookedUp = doubted != nil
    doubted = nil
    switch answer {
    case .tooEarly(let state):
      early += 1
      guard early <= Self.tooEarlyLimit else {
        return .finish(.refused(reason: "422 cannot replace order in \(state) status"))
      }
      return .resend(after: Self.wait(early, longest: Self.longestEarlyWait), .tooEarly)
    case .tooLate(let state):
      let isOwnDoing = isCancel && isUncertain && (state == "canceled" || state == "pending_cancel")
      return .finish(isOwnDoing ? .canceled : .late(state))
    case .duplicate:
      return wasLookedUp
        ? resendAfterNothing(.unknown) : .finish(.refused(reason: "422 client_order_id must be unique"))
    default: return .finish(.refused(reason: "404 order not found"))
    }
  }

  private mutating func resendAfterNothing(_ why: Resend) -> Step {
    fruitless += 1
    guard fruitless <= Self.fruitlessLimit else { return .finish(.lost) }
    return .resend(after: Self.wait(fruitless, longest: Self.longestWait), why)
  }

  private static func wait(_ attempt: Int, longest: Int64) -> Int64 {
    min(longest, firstWait << Int64(min(attempt - 1, 20)))
  }
}
