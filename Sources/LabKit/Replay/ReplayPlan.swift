package import Recordings
package import Market

/// Decides which request of a recording is sent next: rows and answers in, requests out, no I/O and no clock.
///
/// Every row becomes one command. A command on an order waits for the answer to the one before it on the same order; an
/// aggressor waits until the orders it met in the recording are acknowledged; otherwise commands go out concurrently, up to
/// a limit. In order, each command waits until the one before it has its final answer, so that the book sees them as
/// recorded. Memory is bounded by the orders live in the recording and by ``backlogLimit``.
package struct ReplayPlan {
  /// How a recording is replayed.
  package struct Settings: Sendable {
    package var symbol: Symbol
    /// Begins every `client_order_id`: no two runs against one system may share it.
    package var run: String
    package var accounts: AccountSpread
    package var isInOrder: Bool
    /// Requests sent and not answered; 1 when in order.
    package var inFlightLimit: Int
    package var pace: ReplayPace
    /// When the first row is due, in monotonic nanoseconds.
    package var start: Int64
    /// Remembers what each order was filled in the recording.
    package var keepsExpectations: Bool

    /// Settings for a run that begins at `start`.
    package init(
      symbol: Symbol, run: String, accounts: AccountSpread, isInOrder: Bool = false, inFlightLimit: Int,
      pace: ReplayPace = .unbounded, start: Int64 = 0, keepsExpectations: Bool = false
    ) {
      precondition(inFlightLimit > 0, "a replay needs a request in flight")
      self.symbol = symbol
      self.run = run
      self.accounts = accounts
      self.isInOrder = isInOrder
      self.inFlightLimit = isInOrder ? 1 : inFlightLimit
      self.pace = pace
      self.start = start
      self.keepsExpectations = keepsExpectations
    }
  }

  /// What is to be done now.
  package enum Step: Equatable, Sendable {
    case send(TradingRequest)
    /// Nothing before an answer comes or, if given, this moment.
    case wait(until: Int64?)
    /// Everything has its final answer.
    case finished
  }

  /// Commands read and not in flight; more rows are read only below it.
  package static let backlogLimit = 4096

  let settings: Settings
  private let rows: () throws(RecordingError) -> FlowRow?
  private var lookahead: FlowRow?
  private var isExhausted = false
  private var firstTime: Int64?
  private var nextToken: UInt64 = 1

  var orders: [UInt64: ReplayOrder] = [:]
  /// Commands that may go out.
  var ready = ReplayQueue()
  /// Commands that wait for makers, by row.
  var blocked: [Int: (job: ReplayJob, makers: Int)] = [:]
  /// Commands that wait for the one before them on their order.
  var waitingCount = 0
  private var delayed = DelayedQueue<ReplayJob>()
  private var flying: [UInt64: ReplayJob] = [:]

  /// What became of the rows so far.
  package internal(set) var tally = ReplayTally()
  /// Shares the recording filled, by the row of the order's entry, where it is not 0.
  package internal(set) var expectedFills: [Int: Int64] = [:]

  /// A plan for the rows that `rows` returns until nil.
  package init(_ settings: Settings, rows: @escaping () throws(RecordingError) -> FlowRow?) {
    self.settings = settings
    self.rows = rows
  }

  /// Whether the request with this token submits an order, and what kind of command it is; nil for a token not in flight.
  package func kind(of token: UInt64) -> ReplayTally.Kind? { flying[token]?.kind }

  /// What is to be done at `now`; call it again after each `.send`.
  /// - Throws: when the recording cannot be read.
  package mutating func next(now: Int64) throws(RecordingError) -> Step {
    while let job = delayed.take(at: now) { ready.append(job) }
    guard flying.count < settings.inFlightLimit else { return .wait(until: delayed.earliest) }
    if let job = ready.popFirst() { return .send(launch(job)) }
    while mayRead {
      guard let row = try peek() else { break }
      let due = settings.start + settings.pace.delay(of: row.time - firstTime!)
      if due > now { return .wait(until: min(due, delayed.earliest ?? .max)) }
      if settings.pace != .unbounded { tally.lateness.record(now - due) }
      lookahead = nil
      admit(row)
      if let job = ready.popFirst() { return .send(launch(job)) }
    }
    let isIdle = flying.isEmpty && delayed.count == 0
    return isIdle && isExhausted ? .finished : .wait(until: delayed.earliest)
  }

  /// Takes the answer to a request in flight.
  package mutating func take(_ answer: TradingAnswer, for token: UInt64, now: Int64) {
    guard var job = flying.removeValue(forKey: token) else { return }
    let wasLookup = job.isLookup
    switch job.take(answer) {
    case .resend(let wait, let why):
      tally.note(why)
      if wait == 0 { ready.append(job) } else { delayed.insert(job, due: now + wait) }
    case .finish(let outcome):
      if wasLookup, case .placed = outcome { tally.recovered += 1 }
      tally.note(outcome, of: job.kind)
      settle(job, outcome)
    }
  }

  /// Reads no further rows and drops commands that were never sent; what was sent is brought to its end.
  package mutating func stop() {
    isExhausted = true
    lookahead = nil
    tally.skip("not sent when stopped", ready.removeUnsent() + blocked.count + waitingCount)
    blocked = [:]
    waitingCount = 0
    for key in orders.keys { orders[key]!.waiting = [] }
  }

  private var mayRead: Bool {
    let backlog = waitingCount + blocked.count + delayed.count
    return settings.isInOrder ? backlog + flying.count == 0 : backlog < Self.backlogLimit
  }

  private mutating func peek() throws(RecordingError) -> FlowRow? {
    if lookahead == nil, !isExhausted {
      lookahead = try rows()
      isExhausted = lookahead == nil
      if firstTime == nil { firstTime = lookahead?.time }
    }
    return lookahead
  }

  private mutating func launch(_ job: ReplayJob) -> TradingRequest {
    var job = job
    if job.attempts == 0 { tally[job.kind].sent += 1 }
    job.noteSent()
    tally.requests += 1
    defer { nextToken += 1 }
    flying[nextToken] = job
    return TradingRequest(token: nextToken, account: job.account, call: job.call)
  }
}
