import Accounting
import Engine
import Lifecycle
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// The ledger as one worker process sees it. The process dies for good when it carries out a deadly command, and wherever
/// the world kills it: then nothing that it does has an effect any more.
private actor MortalLedger: SettlementLedger {
  private let world: World
  private(set) var isDead = false

  init(_ world: World) { self.world = world }

  private static let silence = StoreError.unavailable(.outage, reason: "its process is dead")

  /// Passes a call on, unless the process dies before it, or the database is away; it may die behind it too.
  private func pass<Answer: Sendable>(
    mayBeLost: Bool = false, _ body: () async throws -> Answer
  ) async throws(StoreError) -> Answer {
    if isDead { throw Self.silence }
    switch world.whim() {
    case .nothing: break
    case .kill:
      isDead = true
      throw Self.silence
    case .outage: throw .unavailable(.deadlock, reason: "for a moment")
    case .killAfterwards:
      _ = try? await body()
      isDead = true
      throw Self.silence
    case .loseAnswer:
      _ = try? await body()
      throw mayBeLost ? .outcomeUnknown : .unavailable(.connection, reason: "the answer was lost")
    }
    do { return try await body() } catch { throw error as! StoreError }
  }

  func claim(_ nonces: [Shard: UInt64], owner: WorkerID) async throws(StoreError) -> [Shard: Ownership] {
    try await pass { try await world.ledger.claim(nonces, owner: owner) }
  }
  func books(of shards: [Shard]) async throws(StoreError) -> [ShardBook] { [] }
  func processedLog(
    of shard: Shard, after sequence: Sequence, limit: Int
  ) async throws(StoreError) -> [ProcessedEntry] { [] }
  func stillOwned(among ownerships: [Ownership]) async throws(StoreError) -> Set<Shard> {
    try await pass { try await world.ledger.stillOwned(among: ownerships) }
  }
  func attempts(of ownership: Ownership) async throws(StoreError) -> ShardAttempts {
    try await pass { try await world.ledger.attempts(of: ownership) }
  }
  func recordAttempt(of sequence: Sequence, by ownership: Ownership) async throws(StoreError) -> Int? {
    try await pass { try await world.ledger.recordAttempt(of: sequence, by: ownership) }
  }
  func noteFailure(of sequence: Sequence, in shard: Shard, reason: String) async throws(StoreError) {
    try await pass { try await world.ledger.noteFailure(of: sequence, in: shard, reason: reason) }
  }
  func withdrawTry(of sequence: Sequence, in shard: Shard) async throws(StoreError) {
    try await pass { try await world.ledger.withdrawTry(of: sequence, in: shard) }
  }
  func log(of shard: Shard, after sequence: Sequence, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await pass { try await world.ledger.log(of: shard, after: sequence, limit: limit) }
  }
  func timeline() async throws(StoreError) -> DatabaseTimeline { .unnamed }
  func logEnds(of shards: [Shard]) async throws(StoreError) -> LogEnds {
    try await pass { try await world.ledger.logEnds(of: shards) }
  }
  func settle(_ commits: [ShardCommit], at now: Timestamp) async throws(StoreError) -> SettleOutcome {
    // It was carried out before it came here; that nothing of it is stored is the same.
    if commits.contains(where: { world.isDeadly($0) }) { isDead = true }
    return try await pass(mayBeLost: true) { try await world.ledger.settle(commits, at: now) }
  }
}

/// Shards with bad commands among good ones, and what befalls those who work them.
private final class World: Sendable {
  enum Whim { case nothing, kill, killAfterwards, outage, loseAnswer }

  static let rows: Int64 = 60
  let shards = (0..<3 as Range<Int16>).map { Shard(rawValue: $0) }
  let ledger: FakeLedger
  let refused: [Shard: Set<Int64>]
  let deadly: [Shard: Set<Int64>]
  private let random: Lock<SeededRandom>
  /// Kills by chance that are left: one less than the tries that a command is given. Wherever they fall, they never suffice.
  private let kills: Lock<Int>

  init(seed: UInt64, kills: Int) {
    var random = SeededRandom(seed: seed)
    ledger = FakeLedger(shards: shards)
    func positions(_ most: Int) -> Set<Int64> {
      Set((0..<random.number(0...most)).map { _ in Int64(random.number(1...Int(Self.rows))) })
    }
    var (refused, deadly): ([Shard: Set<Int64>], [Shard: Set<Int64>]) = ([:], [:])
    for shard in shards {
      deadly[shard] = positions(2)
      refused[shard] = positions(4).subtracting(deadly[shard]!)
    }
    self.refused = refused
    self.deadly = deadly
    self.random = Lock(random)
    self.kills = Lock(kills)
  }

  func isDeadly(_ commit: ShardCommit) -> Bool {
    guard commit.quarantine == nil else { return false }
    let range = (commit.settlement.from.rawValue + 1)...commit.settlement.through.rawValue
    return deadly[commit.ownership.shard]!.contains(where: range.contains)
  }

  func whim() -> Whim {
    let die = random.withLock { $0.number(0...199) }
    switch die {
    case 0..<20: return .outage
    case 20..<28: return .loseAnswer
    case 28..<36:
      let dies = kills.withLock { left in
        left -= 1
        return left >= 0
      }
      return dies ? (die % 2 == 0 ? .kill : .killAfterwards) : .nothing
    default: return .nothing
    }
  }

  func append(_ sequences: ClosedRange<Int64>) async {
    for shard in shards { await ledger.append(sequences.map { Row.cancel($0, in: shard) }) }
  }
}

struct PoisonTests {
  /// Bad commands at random places of random shards, workers that die of them and by chance, a database that is away now and
  /// then and loses answers: every good command is settled exactly once and in order, and exactly the bad ones are set aside.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func exactlyTheBadCommandsAreSetAside(seed: UInt64) async throws {
    var settings = ExecutionSettings()
    settings.batchLimit = 16
    settings.readWait = .milliseconds(1)
    settings.silencePeriod = .milliseconds(2)
    settings.retryBase = .milliseconds(1)
    settings.retryCeiling = .milliseconds(2)
    let world = World(seed: seed, kills: settings.quarantineAfter - 1)
    for shard in world.shards { await world.ledger.poison(world.refused[shard]!, in: shard) }
    await world.append(1...World.rows / 2)
    var lives = 0
    await eventually("all is settled") {
      lives += 1
      if lives == 2 { await world.append(World.rows / 2 + 1...World.rows) }
      await Self.live(world, settings, nonce: UInt64(lives) << 32)
      return await world.ledger.isSettled() && lives > 1
    }
    for shard in world.shards {
      let bad = world.refused[shard]!.union(world.deadly[shard]!)
      let good = (1...World.rows).filter { !bad.contains($0) }
      #expect(await world.ledger.settledRows(shard) == good, "seed \(seed), shard \(shard)")
      let quarantined = await world.ledger.quarantined(shard)
      #expect(Set(quarantined.keys) == bad, "seed \(seed), shard \(shard)")
      for (sequence, reason) in quarantined {
        #expect(reason.tries >= settings.quarantineAfter)
        let says = world.deadly[shard]!.contains(sequence) ? "the worker died" : "command \(sequence) is bad"
        #expect(reason.reason.hasPrefix(says), "seed \(seed): \(reason)")
      }
    }
  }

  /// One worker process: claims what it does not hold, works until it dies or all is done.
  private static func live(_ world: World, _ settings: ExecutionSettings, nonce first: UInt64) async {
    let ledger = MortalLedger(world)
    let lane = ExecutionLane(
      ledger: ledger, stream: FakeStream(), settings: settings, now: { Row.start },
      random: { .random(in: 0 ... .max) }, report: { _ in })
    var nonce = first
    async let run: Void = lane.run()
    while await !ledger.isDead, await !world.ledger.isSettled() {
      let held = Set(await lane.ownerships().map(\.shard))
      for shard in world.shards where !held.contains(shard) {
        nonce += 1
        guard let ownership = try? await ledger.claim(shard, owner: WorkerID(rawValue: "\(first)"), nonce: nonce),
          let engine = try? ShardEngine(shard: shard, processed: ownership.processed, orders: [])
        else { continue }
        await lane.adopt(ownership, engine)
      }
      try? await Task.sleep(for: .milliseconds(1))
    }
    await lane.stop()
    await run
  }
}
