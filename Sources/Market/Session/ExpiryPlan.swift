/// How the expiry of closed instruments is paced: what is counted, how much is told at a time, and when to try again.
///
/// What is due is counted once for the instruments of a shard, told in parts, the next when those before have been processed,
/// and counted again when all of it has been told. So a million orders cost two looks through what is open, and whoever
/// enters an order meanwhile waits behind few of them.
///
/// An instrument of which nothing ended although parts have been processed rests, longer each time. The plan saves work and
/// is no truth: what it does not know, or what others have told since, is counted anew.
public struct ExpiryPlan: Hashable, Sendable {
  /// Bounds and rhythms.
  public struct Limits: Hashable, Sendable {
    /// Orders that one log row ends at most.
    public var ordersOfPart: Int64 = 1_000
    /// Orders of one shard that are told at a time at most: who enters an order there waits behind them.
    public var ordersOfShard: Int64 = 4_000
    /// Orders of all shards that are told and not yet processed at most; many shards share it.
    public var ordersAhead: Int64 = 16_000
    /// Rows of one shard at a time at most.
    public var partsOfShard = 64
    /// How long an instrument rests of which nothing ended, for the first time; twice as long each further time.
    public var firstRest = Duration.seconds(1)
    /// How long it rests at most.
    public var longestRest = Duration.seconds(300)
    /// How long it is looked often whether a part has been processed; then its shard has no owner, or another's trouble.
    public var eagerness = Duration.seconds(10)

    /// The usual bounds.
    public init() {}
  }

  /// Orders that ought to have ended and have not.
  public struct Stuck: Hashable, Sendable {
    /// The instrument in question.
    public var instrument: InstrumentID
    /// How many.
    public var orders: Int64

    /// Names them.
    public init(instrument: InstrumentID, orders: Int64) {
      self.instrument = instrument
      self.orders = orders
    }
  }

  /// What is known of an instrument.
  private struct Course: Hashable, Sendable {
    /// The last log row for it.
    var instructed: Sequence
    /// What was due when it was counted.
    var counted: Int64
    /// What of that has not been told.
    var left: Int64
    /// Up to where orders that are good until canceled end.
    var untilCanceledThrough: Sequence
    /// Orders that have been told, in parts not known to be processed.
    var ahead: Int64 = 0
    var instructedAt: Timestamp?
    /// How often in a row nothing ended.
    var failures = 0
    var restsUntil: Timestamp?

    /// Whether its parts were told so lately that they may be processed any moment.
    func isRecent(_ now: Timestamp, _ limits: Limits) -> Bool {
      instructedAt.map { now.span(since: $0) < limits.eagerness } ?? false
    }
  }

  /// The bounds that it keeps to.
  public var limits: Limits
  private var courses: [InstrumentID: Course] = [:]
  /// How many shards share what may be under way, as of the last look.
  private var shardsInWork: Int64 = 1

  /// A plan that knows nothing.
  public init(limits: Limits = Limits()) { self.limits = limits }

  // MARK: Counting

  /// Takes note of where instruments stand.
  /// - Returns: Those of which has to be counted what is due: once nothing of their shard is under way.
  public mutating func observe(_ allProgress: [InstrumentProgress], at now: Timestamp) -> [InstrumentProgress] {
    let closed = allProgress.filter { $0.instructed.map { !$0.isCleared } ?? false }
    var known: [InstrumentID: Course] = [:]
    for progress in closed {
      guard var course = courses[progress.instrument], course.instructed == progress.instructed?.sequence else {
        continue
      }
      if progress.awaitsExpiry { course.ahead = 0 }
      if let rest = course.restsUntil, rest <= now { course.restsUntil = nil }
      known[progress.instrument] = course
    }
    courses = known
    shardsInWork = Int64(Set(closed.map(\.shard)).count)
    let busy = Set(closed.filter { !$0.awaitsExpiry || isToBeReported($0) }.map(\.shard))
    return closed.filter { progress in
      !busy.contains(progress.shard) && courses[progress.instrument].map { $0.left == 0 } ?? true
    }
  }

  private func isToBeReported(_ progress: InstrumentProgress) -> Bool {
    courses[progress.instrument].map { $0.left > 0 && $0.restsUntil == nil } ?? false
  }

  /// Takes note of what was counted.
  /// - Parameter due: An entry for each of the instruments that ``observe(_:at:)`` gave.
  /// - Returns: Instruments of which nothing has ended, each when that begins.
  public mutating func count(
    _ allProgress: [InstrumentProgress], _ due: [InstrumentID: DueOrders], at now: Timestamp
  ) -> [Stuck] {
    var stuck: [Stuck] = []
    for progress in allProgress {
      guard let instructed = progress.instructed, let due = due[progress.instrument], due.count > 0 else {
        courses[progress.instrument] = nil
        continue
      }
      var course = Course(
        instructed: instructed.sequence, counted: due.count, left: due.count,
        untilCanceledThrough: due.untilCanceledThrough)
      if let old = courses[progress.instrument], due.count >= old.counted {
        course.failures = old.failures + 1
        course.restsUntil = now.advanced(byMicroseconds: rest(afterFailures: course.failures))
        if course.failures == 1 { stuck.append(Stuck(instrument: progress.instrument, orders: due.count)) }
      }
      courses[progress.instrument] = course
    }
    return stuck
  }

  private func rest(afterFailures failures: Int) -> Int64 {
    let doublings = min(failures - 1, 30)
    return min(limits.firstRest.wholeMicroseconds << doublings, limits.longestRest.wholeMicroseconds)
  }

  // MARK: Telling

  /// The parts that are to be told next.
  public func parts(_ allProgress: [InstrumentProgress], at now: Timestamp) -> [InstrumentID: [ExpireOrders]] {
    // What has been told long ago and is not processed stands in the way of its shard, and of no other.
    var room = limits.ordersAhead - courses.values.reduce(0) { $0 + ($1.isRecent(now, limits) ? $1.ahead : 0) }
    let closed = allProgress.filter { $0.instructed.map { !$0.isCleared } ?? false }
    let shards = Dictionary(grouping: closed, by: \.shard)
    let busy = max(
      shardsInWork, Int64(Set(closed.filter { !$0.awaitsExpiry || isToBeReported($0) }.map(\.shard)).count))
    let share = max(limits.ordersOfPart, min(limits.ordersOfShard, limits.ordersAhead / max(1, busy)))
    var parts: [InstrumentID: [ExpireOrders]] = [:]
    for shard in shards.keys.sorted() where shards[shard]!.allSatisfy(\.awaitsExpiry) {
      var roomOfShard = min(room, share)
      var rows = limits.partsOfShard
      for progress in shards[shard]!.sorted(by: { $0.instrument < $1.instrument }) where isToBeReported(progress) {
        guard roomOfShard > 0, rows > 0 else { break }
        let own = self.parts(of: progress, orders: roomOfShard, rows: rows)
        rows -= own.count
        let orders = own.reduce(0) { $0 + $1.limit }
        roomOfShard -= orders
        room -= orders
        parts[progress.instrument] = own
      }
    }
    return parts
  }

  private func parts(of progress: InstrumentProgress, orders: Int64, rows: Int) -> [ExpireOrders] {
    guard let course = courses[progress.instrument], let instructed = progress.instructed else { return [] }
    var left = min(course.left, orders)
    var parts: [ExpireOrders] = []
    // After a failure one part is enough to see whether anything ends.
    while left > 0, parts.count < (course.failures > 0 ? 1 : rows) {
      let limit = min(left, limits.ordersOfPart)
      left -= limit
      parts.append(
        ExpireOrders(
          progress.instrument, dayThrough: instructed.closedSequence, untilCanceledThrough: course.untilCanceledThrough,
          limit: limit))
    }
    return parts
  }

  /// Takes note that parts have been told.
  /// - Parameter last: The log row of the last of them.
  public mutating func instructed(_ parts: [ExpireOrders], last: Sequence, at now: Timestamp) {
    guard let instrument = parts.first?.instrument, var course = courses[instrument] else { return }
    let orders = parts.reduce(0) { $0 + $1.limit }
    course.instructed = last
    course.ahead = orders
    course.instructedAt = now
    course.left = course.failures > 0 ? 0 : course.left - orders
    courses[instrument] = course
  }

  /// Forgets what is known of instruments: somebody else has told them something.
  public mutating func forget(_ instruments: [InstrumentID]) {
    for instrument in instruments { courses[instrument] = nil }
  }

  /// Whether parts have been told that may have been processed any moment.
  public func isUnderWay(at now: Timestamp) -> Bool {
    courses.values.contains { $0.ahead > 0 && $0.isRecent(now, limits) }
  }
}
