internal import Market

/// What a seed makes of a schedule: how many processes, what clients want, and which faults come how often.
///
/// Most faults are off in most schedules: few of them together find what all of them would hide. (Groce et al., "Swarm
/// Testing", 2012.)
struct Swarm: Sendable {
  /// What befalls the exchange in the middle of its work.
  enum Fault: String, CaseIterable, Sendable {
    case crashWorker = "crash a worker"
    case freezeWorker = "freeze a worker"
    case addWorker = "add a worker"
    case stopWorker = "stop a worker"
    case crashGateway = "crash a gateway"
    case freezeGateway = "freeze a gateway"
    case tellWorker = "drain or resume a worker"
    case wipeRedis = "wipe Redis"
    case failOverRedis = "fail Redis over"
    case fillRedis = "fill Redis"
    case loseRedis = "lose Redis"
    case losePostgres = "lose PostgreSQL"
    case failOverPostgres = "fail PostgreSQL over"
    case restorePostgres = "restore a backup"
    case forgeEntry = "forge an entry"
    case forgeBeyond = "forge an entry beyond the log"
    case repeatEntry = "repeat an entry"
    case dropEntry = "drop an entry"
    case stealLease = "steal a lease"
    case holdAccount = "hold an account"
    case poison = "poison a command"
    case retryQuarantined = "retry what is in quarantine"
    case session = "go on with the day"
    case halt = "halt or resume an instrument"
    case disconnect = "cut a worker's connection"
    case stepClock = "step a worker's clock"
    case stepGatewayClock = "step a gateway's clock"
    case block = "block or unblock an account"
    case bound = "set or lift bounds"
    case band = "set or lift price bands"
    case loseDays = "run out of days"
  }

  var shards: Int
  var instruments: Int
  var workers: Int
  var gateways: Int
  var clients: Int
  var requests: Int
  var isConditional: Bool
  /// Whether the market has days.
  var hasDays: Bool
  /// How fast the clock runs that leads through them; nil when an operator does.
  var clockSpeed: Int64?
  /// The market's time at which that clock begins.
  var marketStart = Timestamp(rawValue: 0)
  /// How wide price bands are; nil for none.
  var tier: BandTier?
  /// Whether workers publish books.
  var showsMarket: Bool
  /// Clients that follow their accounts' events, and how often they read slowly or come again.
  var followers: Int
  var followersPause: Int
  var faults: [Fault]
  /// Faults in all.
  var faultCount: Int
  /// The longest pause between two faults.
  var faultPause: Duration
  var database = Weather()
  var redis = Weather()

  /// Whether shards change hands by plan only: nobody dies or is slow, and no store fails.
  var isPlanned: Bool {
    let planned: Set<Fault> = [
      .addWorker, .stopWorker, .session, .halt, .poison, .retryQuarantined, .crashGateway, .bound, .band,
    ]
    let isCalm = [database, redis].allSatisfy {
      $0.refused == 0 && $0.answersLost == 0 && $0.latency < .milliseconds(10)
    }
    return planned.isSuperset(of: faults) && isCalm && database.slow == 0 && database.conflicts == 0
  }

  init(_ random: inout SeededGenerator) {
    shards = .random(in: 1...3, using: &random)
    instruments = shards + .random(in: 0...2, using: &random)
    workers = .random(in: 1...3, using: &random)
    gateways = .random(in: 1...2, using: &random)
    clients = .random(in: 1...3, using: &random)
    requests = .random(in: 10...40, using: &random)
    isConditional = random.oneIn(2)
    hasDays = random.oneIn(2)
    if hasDays, random.oneIn(3) {
      clockSpeed = random.pick([30, 300])
      // Before the opening, in the middle of the day, before the close.
      marketStart = Timestamp(random.pick(["2026-01-05T14:28:00Z", "2026-01-05T17:00:00Z", "2026-01-05T20:56:00Z"]))!
    }
    if random.oneIn(3) { tier = random.pick([.tier1, .tier2]) }
    showsMarket = random.oneIn(3)
    followers = .random(in: 1...3, using: &random)
    followersPause = random.pick([0, 4, 40])
    var faults: [Fault] = []
    for fault in Fault.allCases where random.oneIn(4) { faults.append(fault) }
    // Most of a day lies between its steps: so that faults meet them, there are many.
    faults = faults.filter { $0 != .session } + (hasDays && clockSpeed == nil ? [.session, .session, .session] : [])
    self.faults = faults
    faultCount = faults.isEmpty ? 0 : .random(in: 1...12, using: &random)
    faultPause = .milliseconds(random.pick([50, 400, 1_500]))
    for store in [\Swarm.database, \Swarm.redis] {
      self[keyPath: store].latency = .microseconds(random.pick([200, 2_000, 20_000]))
      if random.oneIn(3) { self[keyPath: store].refused = random.pick([20, 200]) }
      if random.oneIn(3) { self[keyPath: store].answersLost = random.pick([20, 200]) }
    }
    if random.oneIn(3) { database.conflicts = random.pick([10, 100]) }
    if random.oneIn(3) { database.slow = random.pick([10, 100]) }
    if random.oneIn(4) { redis.partialPublishing = 4 }
    if random.oneIn(3) { redis.nudgesLost = random.pick([2, 10]) }
    if random.oneIn(3) { redis.nudgesDoubled = random.pick([2, 10]) }
    guard random.oneIn(8) else { return }
    // Some go by plan.
    self.faults = [.addWorker, .stopWorker] + (hasDays && clockSpeed == nil ? [.session] : [])
    faultCount = .random(in: 2...12, using: &random)
    (database, redis) = (Weather(), Weather())
  }
}
