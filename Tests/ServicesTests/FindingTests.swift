import Market
import Ports
import Services
import Sharding
import Testing

/// What is known of an exchange, from a sound one on.
private struct Scene {
  static let start = Timestamp(rawValue: 1_800_000_000_000_000)
  static let worker = WorkerID(rawValue: "w1")

  var now = Scene.start
  var records = (0..<4 as Range<Int16>).map { shard in
    ShardRecord(
      shard: Shard(rawValue: shard), claimedBy: worker, epoch: Epoch(rawValue: 1),
      lag: ShardLag(last: Sequence(rawValue: 100), processed: Sequence(rawValue: 100)), progressedAt: start, symbols: []
    )
  }
  var ledger = DatabaseHealth(schema: .current, now: Scene.start)
  var workers = [Heartbeat(worker: worker, host: "h", pid: 1, version: "1", startedAt: start)]
  var hasLeader = true
  var unowned: Set<Int16> = []
  var databaseFault: StoreError?
  var redisFault: String?
  var skew: Duration?
  var own = FleetHealth.OwnCounts()

  var health: FleetHealth {
    let leases = Dictionary(
      uniqueKeysWithValues: records.map(\.shard).filter { !unowned.contains($0.rawValue) }.map {
        ($0, Lease(owner: Self.worker, nonce: 1, counter: 1, epoch: Epoch(rawValue: 1), remaining: .milliseconds(500)))
      })
    let seat = LeaderElection.Seat(
      worker: Self.worker, nonce: 1, counter: 1, term: Term(rawValue: 1), remaining: .milliseconds(500))
    var health = FleetHealth(
      now: now, shards: databaseFault.map { .failure($0) } ?? .success(records),
      ledger: databaseFault.map { .failure($0) } ?? .success(ledger),
      fleet: redisFault.map { .failure(StreamError(reason: $0)) }
        ?? .success(FleetLeases(leases: leases, workers: workers, seat: hasLeader ? seat : nil)),
      clockSkew: skew)
    health.own = own
    return health
  }

  /// Later by so much.
  func after(_ seconds: Int64) -> Scene {
    var scene = self
    scene.now = now.advanced(byMicroseconds: seconds * 1_000_000)
    scene.ledger.now = scene.now
    return scene
  }

  /// The same with rows that wait in a shard.
  func waiting(_ rows: Int64, in shard: Int) -> Scene {
    var scene = self
    scene.records[shard].lag.last = Sequence(rawValue: scene.records[shard].lag.processed.rawValue + rows)
    return scene
  }
}

/// One line of the table: what is changed, and what is found at the first look.
private struct Case: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var change: @Sendable (inout Scene) -> Void
  var codes: [Finding.Code]
  var severity: Finding.Severity?
  /// Words that the message has.
  var words: [String] = []
}

struct FindingTests {
  private static let cases: [Case] = [
    Case(testDescription: "a sound exchange", change: { _ in }, codes: []),
    Case(
      testDescription: "no worker", change: { $0.workers = [] }, codes: [.noWorker], severity: .error,
      words: ["start \"buttonwood worker\""]),
    Case(
      testDescription: "no worker while orders wait",
      change: { scene in
        scene.workers = []
        scene = scene.waiting(7, in: 2)
      }, codes: [.noWorker], severity: .error, words: ["7 accepted commands wait"]),
    Case(
      testDescription: "only draining workers", change: { $0.workers[0].state = .draining }, codes: [.noWorker],
      severity: .error, words: ["worker resume"]),
    Case(
      testDescription: "no leader yet", change: { $0.hasLeader = false }, codes: [.noLeader], severity: .warning,
      words: ["elections"]),
    Case(
      testDescription: "shards on their way", change: { $0.unowned = [0, 1, 3] }, codes: [.shardUnowned],
      severity: .warning, words: ["shards 0-1 3 are without an owner"]),
    Case(
      testDescription: "rows that wait for a moment", change: { $0 = $0.waiting(5, in: 1) }, codes: []),
    Case(
      testDescription: "quarantine",
      change: { scene in
        scene.records[1].quarantined = 2
        scene.records[1].quarantinedSince = Scene.start.advanced(byMicroseconds: -60_000_000)
      }, codes: [.quarantine], severity: .error, words: ["2 commands of shard 1 are", "buttonwood quarantine list"]),
    Case(
      testDescription: "PostgreSQL away", change: { $0.databaseFault = .unavailable(.connection, reason: "refused") },
      codes: [.postgresUnreachable], severity: .error, words: ["(refused)", "DATABASE_URL"]),
    Case(
      testDescription: "Redis away", change: { $0.redisFault = "no route" }, codes: [.redisUnreachable],
      severity: .error, words: ["(no route)", "REDIS_URL"]),
    Case(
      testDescription: "both away",
      change: { scene in
        scene.redisFault = "no route"
        scene.databaseFault = .unavailable(.connection, reason: "refused")
      }, codes: [.postgresUnreachable, .redisUnreachable], severity: .error),
    Case(
      testDescription: "no workers while PostgreSQL is away",
      change: { scene in
        scene.workers = []
        scene.databaseFault = .unavailable(.connection, reason: "refused")
      }, codes: [.postgresUnreachable, .noWorker], severity: .error),
    Case(
      testDescription: "no schema", change: { $0.ledger.schema = .missing }, codes: [.schemaMissing], severity: .error,
      words: ["buttonwood migrate"]),
    Case(
      testDescription: "an older schema", change: { $0.ledger.schema = .behind(steps: ["findings"]) },
      codes: [.schemaOlder], severity: .error, words: ["lacks findings", "buttonwood migrate"]),
    Case(
      testDescription: "a newer schema", change: { $0.ledger.schema = .ahead(versions: [99]) }, codes: [.schemaNewer],
      severity: .warning, words: ["version 99"]),
    Case(testDescription: "a clock that is off a little", change: { $0.skew = .milliseconds(-900) }, codes: []),
    Case(
      testDescription: "a clock behind", change: { $0.skew = .milliseconds(-1_500) }, codes: [.clockSkew],
      severity: .warning, words: ["1.5 s behind"]),
    Case(
      testDescription: "a clock far ahead", change: { $0.skew = .seconds(4 * 86_400) }, codes: [.clockSkew],
      severity: .error, words: ["96.0 h ahead of", "claims nothing"]),
    Case(testDescription: "two days ahead", change: { $0.ledger.daysAhead = 2 }, codes: []),
    Case(
      testDescription: "one day ahead", change: { $0.ledger.daysAhead = 1 }, codes: [.daysAhead], severity: .warning,
      words: ["only 1 day after today has its tables"]),
    Case(
      testDescription: "no day ahead", change: { $0.ledger.daysAhead = 0 }, codes: [.daysAhead], severity: .error,
      words: ["midnight UTC"]),
    Case(
      testDescription: "today's tables missing", change: { $0.ledger.daysAhead = -1 }, codes: [.daysAhead],
      severity: .error, words: ["today's tables"]),
    Case(
      testDescription: "a fresh halt",
      change: { $0.ledger.halts = [.init(symbol: "A", reason: "news", since: Scene.start)] }, codes: []),
    Case(
      testDescription: "a halt of nobody knows when",
      change: { $0.ledger.halts = [.init(symbol: "A", reason: "news", since: nil)] }, codes: []),
    Case(
      testDescription: "halts of yesterday",
      change: { scene in
        scene.ledger.halts = ["A", "B"].map {
          .init(symbol: $0, reason: "news", since: Scene.start.advanced(byMicroseconds: -86_400_000_000))
        }
      }, codes: [.haltedLong], severity: .warning, words: ["2 instruments (A, B) are", "instrument resume"]),
    Case(
      testDescription: "standbys that follow", change: { $0.ledger.standbys = .init(needed: 1, following: 2) },
      codes: []),
    Case(
      testDescription: "a standby lost", change: { $0.ledger.standbys = .init(needed: 2, following: 1) },
      codes: [.standbyLost], severity: .error, words: ["only 1 follow", "synchronous_standby_names"]),
    Case(
      testDescription: "refused entries", change: { $0.own.refusedEntries = 3 }, codes: [.streamEntriesRefused],
      severity: .warning, words: ["3 stream entries were"]),
    Case(
      testDescription: "damaged keys", change: { $0.own.damagedKeys = 1 }, codes: [.damagedKeys], severity: .warning,
      words: ["1 key in Redis was"]),
    Case(
      testDescription: "errors before warnings",
      change: { scene in
        scene.skew = .seconds(2)
        scene.ledger.daysAhead = 0
        scene.redisFault = "gone"
      }, codes: [.redisUnreachable, .daysAhead, .clockSkew]),
  ]

  @Test(arguments: cases) private func whatIsFound(_ line: Case) {
    var scene = Scene()
    line.change(&scene)
    var memory = FindingMemory()
    let findings = memory.judge(scene.health)
    #expect(findings.map(\.code) == line.codes)
    if let severity = line.severity { #expect(findings.allSatisfy { $0.severity == severity }) }
    for word in line.words { #expect(findings.contains { $0.message.contains(word) }, "\(findings.map(\.message))") }
    #expect(findings.allSatisfy { $0.since != nil }, "everything says since when")
    #expect(findings.map(\.severity) == findings.map(\.severity).sorted())
  }

  @Test func whatPassesIsAnErrorOnceItHasLasted() {
    var scene = Scene()
    scene.hasLeader = false
    scene.unowned = [2]
    var memory = FindingMemory()
    var findings = memory.judge(scene.health)
    #expect(findings.map(\.severity) == [.warning, .warning])
    #expect(memory.isUndecided(scene.health, findings))
    findings = memory.judge(scene.after(2).health)
    #expect(findings.map(\.severity) == [.warning, .warning])
    findings = memory.judge(scene.after(3).health)
    #expect(findings.map(\.severity) == [.error, .error])
    #expect(findings.map(\.since) == [Scene.start, Scene.start], "since the first look")
    #expect(!memory.isUndecided(scene.after(3).health, findings))
    // It passes, and begins anew later.
    #expect(memory.judge(Scene().after(4).health) == [])
    findings = memory.judge(scene.after(5).health)
    #expect(findings.map(\.severity) == [.warning, .warning])
    #expect(findings[0].since == scene.after(5).now)
  }

  /// Whatever the stored moment of the last progress says: its writer's clock may be wrong, and a shard that had nothing to do
  /// for a day has progressed long ago when its first row comes.
  @Test func aShardStandsWhenItHasBeenSeenToStand() {
    var memory = FindingMemory()
    let old = Scene().after(86_400).waiting(5, in: 1)
    #expect(memory.judge(old.health) == [], "rows that have just come")
    #expect(memory.isUndecided(old.health, []))
    var moved = old.after(2)
    moved.records[1].lag.processed = Sequence(rawValue: 102)
    #expect(memory.judge(moved.health) == [], "it works")
    #expect(memory.judge(moved.after(2).health) == [])
    let stalled = memory.judge(moved.after(3).health)
    #expect(stalled.map(\.code) == [.lagWithoutProgress])
    #expect(stalled.first?.severity == .error && stalled.first?.since == Scene.start)
    #expect(stalled.first?.message.contains("shard 1 is standing still while 3 accepted commands wait") == true)
    #expect(memory.judge(Scene().after(86_410).health) == [], "all settled")
  }

  @Test func aShardThatNeverProgressedStandsAfterTenSeconds() {
    var memory = FindingMemory()
    var scene = Scene().waiting(1, in: 0)
    scene.records[0].progressedAt = nil
    #expect(memory.judge(scene.health) == [])
    #expect(memory.judge(scene.after(9).health) == [])
    #expect(memory.judge(scene.after(10).health).map(\.code) == [.lagWithoutProgress])
  }

  @Test func storedMomentsAreShownAndNotTheFirstLook() {
    var scene = Scene()
    let since = Scene.start.advanced(byMicroseconds: -3_600_000_000)
    scene.records[0].quarantined = 1
    scene.records[0].quarantinedSince = since
    var memory = FindingMemory()
    #expect(memory.judge(scene.health).map(\.since) == [since])
  }

  /// Codes and metrics' labels are for programs: they stay.
  @Test func codesAreNamesOfOneForm() {
    for code in Finding.Code.allCases {
      #expect(
        code.rawValue.utf8.allSatisfy {
          ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) || $0 == UInt8(ascii: "_")
        })
    }
  }
}

struct SchemaStateTests {
  private static let known: [(version: Int32, name: String)] = [(1, "foundation"), (3, "quarantine"), (7, "keeping")]

  @Test(arguments: [
    ([] as [Int32], SchemaState.missing), ([1, 3, 7], .current), ([7, 3, 1], .current),
    ([1, 7], .behind(steps: ["quarantine"])), ([1], .behind(steps: ["quarantine", "keeping"])),
    ([1, 3, 7, 9, 8], .ahead(versions: [8, 9])), ([1, 3, 9], .behind(steps: ["keeping"])),
  ])
  func stepsAreComparedOneByOne(_ applied: [Int32], _ standing: SchemaState) {
    #expect(SchemaState(applied: applied, known: Self.known) == standing)
    #expect(standing.isUsable == (standing.complaint?.contains("migrate") != true))
  }
}
