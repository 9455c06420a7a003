internal import Lifecycle

/// Finds the master by its sentinels, and notices when it is another. It belongs to one thread.
///
/// A sentinel may hang, be alone in a corner of a torn network, or lag behind a fail-over. So each gets a share of the
/// time only, the sentinels are asked in turn, an answer that is older than what is known comes last, and what claims to
/// be the master must say so itself.
final class SentinelFinder {
  /// How long a sentinel that did not answer is asked last, in nanoseconds.
  private static let distrust: Int64 = 30_000_000_000
  /// Longest wait for a sentinel while the connection to the master is in use, in nanoseconds.
  private static let checkLimit: Int64 = 200_000_000

  private let sentinels: RedisSentinels
  /// The sentinel whose turn it is.
  private var turn = 0
  private var distrustedUntil: [Int64]
  /// The master of the latest connection.
  private var current: MasterReport?
  private var nextCheck: Int64 = 0

  init(_ sentinels: RedisSentinels) {
    self.sentinels = sentinels
    distrustedUntil = sentinels.endpoints.map { _ in 0 }
  }

  /// Makes a connection to the master.
  /// - Throws: ``RedisError``; what the master itself refused, else ``RedisError/unavailable(reason:)`` with what each
  ///   sentinel led to.
  func connect(_ settings: RedisSettings, deadline: Int64) throws(RedisError) -> RedisConnection {
    let order = order(now: HostClock.monotonicNanoseconds())
    var tried: Set<RedisEndpoint> = []
    var failures: [String] = []
    var older: [MasterReport] = []
    for (position, index) in order.enumerated() {
      let share = Self.share(of: deadline, among: order.count - position + 1)
      do throws(RedisError) {
        guard let masterReport = try ask(index, settings, deadline: share) else {
          failures.append("sentinel \(sentinels.endpoints[index]) knows no master \(sentinels.masterName)")
          continue
        }
        guard !masterReport.isOlder(than: current) else {
          older.append(masterReport)
          continue
        }
        guard tried.insert(masterReport.endpoint).inserted else { continue }
        let connection = try master(
          masterReport, settings, deadline: Self.share(of: deadline, among: order.count - position))
        turn = index
        return connection
      } catch {
        if case .refused(let refusal) = error, !refusal.isPassing { throw error }
        failures.append("\(error)")
      }
    }
    // Sentinels that were set up anew count their epochs from the beginning.
    if let best = older.max(by: { $0.isOlder(than: $1) }), !tried.contains(best.endpoint) {
      return try master(best, settings, deadline: deadline)
    }
    throw .unavailable(
      reason: "no sentinel led to the master \(sentinels.masterName): \(failures.joined(separator: "; "))")
  }

  /// Asks the next sentinel whether the master is another than that of the latest connection; no more often than
  /// ``RedisSettings/masterCheckInterval``. A sentinel that fails changes nothing.
  func isMasterReplaced(_ settings: RedisSettings) -> Bool {
    let now = HostClock.monotonicNanoseconds()
    guard now >= nextCheck, let current else { return false }
    nextCheck = now + settings.masterCheckInterval.wholeNanoseconds
    let index = order(now: now)[0]
    turn = (index + 1) % sentinels.endpoints.count
    let masterReport: MasterReport
    do throws(RedisError) {
      guard let found = try ask(index, settings, deadline: now + Self.checkLimit) else { return false }
      masterReport = found
    } catch {
      // It is distrusted for a while, and comes last.
      return false
    }
    // Who is asked first next is the one who knows.
    if masterReport.replaces(current) { turn = index }
    return masterReport.replaces(current)
  }

  /// Indices of the sentinels from the one whose turn it is; those that did not answer lately come last.
  private func order(now: Int64) -> [Int] {
    let round = sentinels.endpoints.indices.map { ($0 + turn) % sentinels.endpoints.count }
    return round.filter { distrustedUntil[$0] <= now } + round.filter { distrustedUntil[$0] > now }
  }

  private func ask(_ index: Int, _ settings: RedisSettings, deadline: Int64) throws(RedisError) -> MasterReport? {
    distrustedUntil[index] = HostClock.monotonicNanoseconds() + Self.distrust
    let endpoint = sentinels.endpoints[index]
    let connection = try RedisConnection(endpoint, settings, deadline: deadline)
    let login = [sentinels.login.command].compactMap(\.self)
    let answers = try connection.firstReplies(
      login + MasterReport.questions(sentinels.masterName), deadline: deadline)
    distrustedUntil[index] = 0
    for answer in answers.prefix(login.count + 1) {
      if case .refusal(let refusal) = answer { throw .unavailable(reason: "sentinel \(endpoint) refused: \(refusal)") }
    }
    return try MasterReport(Array(answers.dropFirst(login.count)))
  }

  /// Connects to what a sentinel calls the master, and makes sure that it is one.
  private func master(
    _ masterReport: MasterReport, _ settings: RedisSettings, deadline: Int64
  ) throws(RedisError) -> RedisConnection {
    var connection = try RedisConnection(masterReport.endpoint, settings, deadline: deadline)
    try connection.logIn(
      settings.address.login, database: settings.address.database, name: settings.name, deadline: deadline)
    let role = try connection.firstReplies([RedisCommand("ROLE")], deadline: deadline)[0].accepted()
    guard role.array?.first?.text == "master" else {
      throw .unavailable(reason: "\(masterReport.endpoint) is not a master yet or any more")
    }
    current = masterReport
    nextCheck = HostClock.monotonicNanoseconds() + settings.masterCheckInterval.wholeNanoseconds
    return connection
  }

  /// The deadline of one of several steps that share what is left until `deadline`.
  private static func share(of deadline: Int64, among steps: Int) -> Int64 {
    let now = HostClock.monotonicNanoseconds()
    return now + max(0, deadline - now) / Int64(steps)
  }
}
