public import Market
public import Ports

/// Who follows which account's events and how far each has come: decides what to read next and who gets what.
///
/// Every follower has a cursor of its own and gets what the ledger has behind it, in portions, history and news alike; so
/// each gets every event once and in order, whatever is lost or repeated on the way to here. Followers of an account that
/// stand at the same place share a reading.
public struct TradeUpdateFeed: Sendable {
  /// A follower's number.
  public typealias FollowerID = UInt64

  /// Two readings may be under way: history must not hold up news.
  public enum Track: Sendable, CaseIterable {
    /// For those who have come to the end before.
    case news
    /// For those who are catching up.
    case backlog
  }

  /// Where a follower begins.
  public enum Start: Hashable, Sendable {
    /// Behind the account's last event of now.
    case now
    /// Behind a time.
    case after(Timestamp)
  }

  /// What followers get.
  public struct Delivery: Sendable {
    /// The followers that get it.
    public var followers: [FollowerID]
    /// What, by time; none to who is only told that it has come to the end.
    public var events: [AccountEvent]
    /// Whether they came by way of news.
    public var isNews: Bool
  }

  /// What is to be done after a reading.
  public struct Outcome: Sendable {
    /// What goes to whom, in order.
    public var deliveries: [Delivery] = []
    /// Followers that have come to the end for the first time.
    public var arrived: [FollowerID] = []
    /// Followers that have all they asked for; they are forgotten.
    public var finished: [FollowerID] = []
  }

  private struct Follower {
    var account: AccountNumber
    var cursor: Timestamp
    var until: Timestamp?
    var track = Track.backlog
    var hasNews = true
    var isReading = false
    var isQueued = false
    /// Takes nothing until it has room again.
    var isFull = false
    var hasArrived = false
  }

  /// Later than every event: asks only where an account's events end.
  private static let endOfTime = Timestamp(rawValue: 253_000_000_000_000_000)

  private var followers: [FollowerID: Follower] = [:]
  private var ofAccount: [AccountNumber: Set<FollowerID>] = [:]
  private var queues: [Track: [FollowerID]] = [.news: [], .backlog: []]
  private var reading: [Track: [EventQuestion: [FollowerID]]] = [:]
  private var lastID: FollowerID = 0

  /// A hub without followers.
  public init() {}

  /// How many follow.
  public var count: Int { followers.count }

  /// How many follow an account.
  public func count(of account: AccountNumber) -> Int { ofAccount[account]?.count ?? 0 }

  /// Takes a follower.
  /// - Parameter until: The last time that it wants; nil for no end.
  public mutating func follow(_ account: AccountNumber, from start: Start, until: Timestamp? = nil) -> FollowerID {
    lastID += 1
    let cursor =
      switch start {
      case .now: Self.endOfTime
      case .after(let time): time
      }
    followers[lastID] = Follower(account: account, cursor: cursor, until: until)
    // Who begins now has no history to hold anybody up with.
    if start == .now { followers[lastID]!.track = .news }
    ofAccount[account, default: []].insert(lastID)
    enqueue(lastID)
    return lastID
  }

  /// Lets a follower go.
  public mutating func leave(_ id: FollowerID) {
    guard let follower = followers.removeValue(forKey: id) else { return }
    ofAccount[follower.account]?.remove(id)
    if ofAccount[follower.account]?.isEmpty == true { ofAccount[follower.account] = nil }
  }

  /// Accounts have news, perhaps.
  public mutating func notified(_ accounts: some Swift.Sequence<AccountNumber>) {
    for account in accounts {
      for id in ofAccount[account] ?? [] {
        followers[id]!.hasNews = true
        enqueue(id)
      }
    }
  }

  /// A follower's queue is full: it gets nothing until ``drained(_:)``.
  public mutating func filled(_ id: FollowerID) { followers[id]?.isFull = true }

  /// A follower has room again.
  public mutating func drained(_ id: FollowerID) {
    guard followers[id]?.isFull == true else { return }
    followers[id]!.isFull = false
    enqueue(id)
  }

  /// What to read next; empty while the lane is reading or has nothing to do.
  /// - Parameter limit: Most questions.
  public mutating func questions(_ track: Track, limit: Int) -> [EventQuestion] {
    guard reading[track] == nil else { return [] }
    var asked: [EventQuestion: [FollowerID]] = [:]
    var order: [EventQuestion] = []
    var rest: [FollowerID] = []
    for id in queues[track]! {
      guard let follower = followers[id] else { continue }
      guard follower.hasNews, !follower.isFull, !follower.isReading else {
        followers[id]!.isQueued = false
        continue
      }
      let question = EventQuestion(account: follower.account, after: follower.cursor)
      guard asked[question] != nil || order.count < limit else {
        rest.append(id)
        continue
      }
      if asked[question] == nil { order.append(question) }
      asked[question, default: []].append(id)
      followers[id]!.isQueued = false
      followers[id]!.isReading = true
      followers[id]!.hasNews = false
    }
    queues[track] = rest
    guard !order.isEmpty else { return [] }
    reading[track] = asked
    return order
  }

  /// A reading has come to an end.
  /// - Parameter now: Who wants nothing later than that, and has it, is finished.
  public mutating func answered(_ answers: [EventAnswer], in track: Track, now: Timestamp) -> Outcome {
    let asked = reading.removeValue(forKey: track) ?? [:]
    var outcome = Outcome()
    for answer in answers { take(answer, for: asked[answer.question] ?? [], in: track, now, &outcome) }
    for id in asked.values.joined() where followers[id]?.isReading == true { release(id) }
    return outcome
  }

  /// A reading has failed: everything in it is read again.
  public mutating func failed(_ track: Track) {
    for id in (reading.removeValue(forKey: track) ?? [:]).values.joined() where followers[id] != nil {
      followers[id]!.hasNews = true
      release(id)
    }
  }

  /// Asks for every account whether there is news, notified or not: from where its hindmost follower stands that rests.
  ///
  /// Who wants nothing later than now is looked after as well.
  public mutating func inquiry(now: Timestamp) -> [EventQuestion] {
    var hindmost: [AccountNumber: Timestamp] = [:]
    for (id, follower) in followers where !follower.hasNews && !follower.isReading {
      if let until = follower.until, until < now {
        followers[id]!.hasNews = true
        enqueue(id)
        continue
      }
      hindmost[follower.account] = min(hindmost[follower.account] ?? follower.cursor, follower.cursor)
    }
    return hindmost.map { EventQuestion(account: $0.key, after: $0.value) }
  }

  private mutating func take(
    _ answer: EventAnswer, for ids: [FollowerID], in track: Track, _ now: Timestamp, _ outcome: inout Outcome
  ) {
    let isJoining = answer.question.after == Self.endOfTime
    let end = isJoining ? answer.last : answer.end
    var together: [FollowerID] = []
    for id in ids {
      guard let follower = followers[id] else { continue }
      followers[id]!.cursor = max(end, isJoining ? Timestamp(rawValue: 0) : follower.cursor)
      if answer.hasMore { followers[id]!.hasNews = true } else { arrive(id, &outcome) }
      guard let until = follower.until else {
        together.append(id)
        continue
      }
      let wanted = answer.events.filter { $0.at <= until }
      if !wanted.isEmpty {
        outcome.deliveries.append(Delivery(followers: [id], events: wanted, isNews: track == .news))
      }
      if end > until || (!answer.hasMore && now > until) {
        outcome.finished.append(id)
        leave(id)
      }
    }
    if !answer.events.isEmpty && !together.isEmpty {
      outcome.deliveries.append(Delivery(followers: together, events: answer.events, isNews: track == .news))
    }
  }

  private mutating func arrive(_ id: FollowerID, _ outcome: inout Outcome) {
    followers[id]!.track = .news
    guard !followers[id]!.hasArrived else { return }
    followers[id]!.hasArrived = true
    outcome.arrived.append(id)
  }

  private mutating func release(_ id: FollowerID) {
    followers[id]!.isReading = false
    enqueue(id)
  }

  private mutating func enqueue(_ id: FollowerID) {
    guard let follower = followers[id], follower.hasNews, !follower.isQueued, !follower.isFull, !follower.isReading
    else { return }
    followers[id]!.isQueued = true
    queues[follower.track]!.append(id)
  }
}
