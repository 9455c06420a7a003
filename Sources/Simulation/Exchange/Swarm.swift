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
  }

  var shards: Int
  var instruments: Int
  var workers: Int
  var gateways: Int
  var clients: Int
  var requests: Int
  var isConditional: Bool
  /// Whether the market has days, which an operator leads through.
  var hasDays: Bool
  var faults: [Fault]
  /// Faults in all.
  var faultCount: Int
  /// The longest pause between two faults.
  var faultPause: Duration
  var database = Weather()
  var redis = Weather()

  /// Whether shards change hands by plan only: nobody dies or is slow, and no store fails.
  var isPlanned: Bool {
    let planned: Set<Fault> = [.addWorker, .stopWorker, .session, .halt, .poison, .retryQuarantined]
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
    var faults: [Fault] = []
    for fault in Fault.allCases where random.oneIn(4) { faults.append(fault) }
    // Most of a day lies between its steps: so that faults meet them, there are many.
    faults = faults.filter { $0 != .session } + (hasDays ? [.session, .session, .session] : [])
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
    guard random.oneIn(8) else { return }
    // Some go by plan.
    self.faults = [.addWorker, .stopWorker] + (hasDays ? [.session] : [])
    faultCount = .random(in: 2...12, using: &random)
    (database, redis) = (Weather(), Weather())
  }
}
