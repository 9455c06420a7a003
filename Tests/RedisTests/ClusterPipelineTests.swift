import TestKit
import Testing

@testable import Redis

/// A cluster in a few words: who owns which slot, which slots are on their way, who cannot be reached. It notes what it
/// executes.
private struct ToyCluster {
  static let slots = 12
  var nodes = (1...4).map { RedisEndpoint.tcp(host: "node", port: $0) }
  var owner: [Int]
  var movingTo: [Int: Int] = [:]
  /// Slots whose keys are at the target of the move already.
  var moved: Set<Int> = []
  var unreachable: Set<Int> = []
  var unsettled: Set<Int> = []
  var executed: [Int: [Int]] = [:]

  init(_ random: inout SeededRandom) { owner = (0..<Self.slots).map { _ in random.number(0...3) } }

  var map: SlotMap {
    let ranges = owner.enumerated().map { slot, node in
      RedisValue.array([
        .integer(Int64(slot)), .integer(Int64(slot)), .array([.text("node"), .integer(Int64(node + 1))]),
      ])
    }
    return SlotMap(.array(ranges), from: nodes[0])!
  }

  /// Something happens.
  mutating func change(_ random: inout SeededRandom) {
    let slot = random.number(0...Self.slots - 1)
    switch random.number(0...6) {
    case 0:
      owner[slot] = random.number(0...3)
      movingTo[slot] = nil
    case 1: movingTo[slot] = (owner[slot] + 1) % 4
    case 2: moved.formSymmetricDifference([slot])
    case 3: unsettled.formSymmetricDifference([slot])
    case 4:
      // A node dies and another takes its slots over.
      let dead = random.number(0...3)
      unreachable = [dead]
      if !random.oneIn(3) { owner = owner.map { $0 == dead ? (dead + 1) % 4 : $0 } }
    default: unreachable = []
    }
  }

  /// What a node answers to a command for a slot.
  mutating func answer(_ command: Int, slot: Int, at node: Int, isAsking: Bool) -> RedisValue {
    func refusal(_ text: String) -> RedisValue { .refusal(RedisRefusal(reply: text)) }
    if unsettled.contains(slot) { return refusal("CLUSTERDOWN Hash slot not served") }
    let isImporting = isAsking && movingTo[slot] == node
    guard owner[slot] == node || isImporting else { return refusal("MOVED \(slot) node:\(owner[slot] + 1)") }
    if let target = movingTo[slot], moved.contains(slot), target != node {
      return refusal("ASK \(slot) node:\(target + 1)")
    }
    executed[slot, default: []].append(command)
    return .integer(Int64(command))
  }
}

@Suite struct ClusterPipelineTests {
  /// Whatever happens on the way: each command is executed once or known not to have been, those of a slot in order, and
  /// replies stand where their commands stood.
  @Test(arguments: (0..<400).map { UInt64($0) })
  func everyCommandIsExecutedOnceOrFails(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var cluster = ToyCluster(&random)
    var map = cluster.map
    for _ in 0..<random.number(0...5) { cluster.change(&random) }
    let slots = (0..<random.number(1...30)).map { _ in random.number(0...ToyCluster.slots - 1) }
    var pipeline = ClusterPipeline(slots)
    var rounds = 0
    while !pipeline.isDone {
      for share in pipeline.takeShares(map) {
        let node = try #require(cluster.nodes.firstIndex(of: share.node))
        if cluster.unreachable.contains(node) {
          pipeline.fail(share, .unavailable(reason: "\(node)"), repeats: true)
        } else {
          let answers = share.commands.map {
            cluster.answer($0, slot: slots[$0], at: node, isAsking: share.isAsking)
          }
          pipeline.take(answers, to: share, map: &map)
        }
      }
      if pipeline.doubtsMap, random.oneIn(2) { map = cluster.map }
      if random.oneIn(3) { cluster.change(&random) }
      rounds += 1
      if rounds == 40 { pipeline.giveUp() }
    }
    for (slot, commands) in cluster.executed {
      #expect(zip(commands, commands.dropFirst()).allSatisfy { $0 < $1 }, "slot \(slot): \(commands)")
    }
    do throws(RedisError) {
      for (index, reply) in try pipeline.result().enumerated() {
        if reply == .integer(Int64(index)) {
          #expect(cluster.executed[slots[index]]?.contains(index) == true)
        } else {
          // Given up with the cluster's last word.
          #expect(rounds == 40 && ClusterRedirect(reply, from: cluster.nodes[0]) != .none)
          #expect(cluster.executed[slots[index]]?.contains(index) != true)
        }
      }
    } catch {
      guard case .unavailable = error else { throw error }
    }
  }

  private let a = RedisEndpoint.tcp(host: "a", port: 1)
  private let b = RedisEndpoint.tcp(host: "b", port: 1)

  /// The lower half of the slots on `a`, the upper half on `b`.
  private var halves: SlotMap {
    let ranges = [(0, 8191, "a"), (8192, 16_383, "b")].map { first, last, host in
      RedisValue.array([
        .integer(Int64(first)), .integer(Int64(last)), .array([.text(host), .integer(1)]),
      ])
    }
    return SlotMap(.array(ranges), from: a)!
  }

  @Test func pipelineIsSplitByNodeInOrder() {
    var pipeline = ClusterPipeline([1, 9000, nil, 2, 9001])
    #expect(
      pipeline.takeShares(halves) == [
        .init(node: a, commands: [0, 2, 3]), .init(node: b, commands: [1, 4]),
      ])
  }

  @Test func repliesComeInTheOrderOfTheCommands() throws {
    var map = halves
    var pipeline = ClusterPipeline([9000, 1, 9000])
    let shares = pipeline.takeShares(map)
    pipeline.take([.integer(0), .integer(2)], to: shares[0], map: &map)
    pipeline.take([.integer(1)], to: shares[1], map: &map)
    #expect(pipeline.isDone)
    #expect(try pipeline.result() == [.integer(0), .integer(1), .integer(2)])
  }

  @Test func movedSlotIsFollowedAndRemembered() throws {
    var map = halves
    var pipeline = ClusterPipeline([1, 2])
    pipeline.take(
      [.refusal(RedisRefusal(reply: "MOVED 1 b:1")), .integer(5)], to: pipeline.takeShares(map)[0], map: &map)
    #expect(!pipeline.isDone && !pipeline.wantsPause && !pipeline.doubtsMap)
    #expect(pipeline.takeShares(map) == [.init(node: b, commands: [0])])
    var later = ClusterPipeline([1])
    #expect(later.takeShares(map) == [.init(node: b, commands: [0])])
  }

  @Test func askedNodeIsAskedOnce() throws {
    var map = halves
    var pipeline = ClusterPipeline([1, 1, 2])
    let ask = RedisValue.refusal(RedisRefusal(reply: "ASK 1 b:1"))
    pipeline.take([ask, ask, .integer(5)], to: pipeline.takeShares(map)[0], map: &map)
    let shares = pipeline.takeShares(map)
    #expect(shares == [.init(node: b, commands: [0, 1], isAsking: true)])
    pipeline.take([ask, .integer(7)], to: shares[0], map: &map)
    #expect(pipeline.takeShares(map) == [.init(node: b, commands: [0], isAsking: true)])
    #expect(ClusterPipeline([1]).tookShares(map) == [.init(node: a, commands: [0])])
  }

  @Test func nodesThatSendBackAndForthGetTimeToSettle() {
    var map = halves
    var pipeline = ClusterPipeline([1])
    for round in 1...10 {
      let share = pipeline.takeShares(map)[0]
      let target = share.node == a ? "b" : "a"
      pipeline.take([.refusal(RedisRefusal(reply: "MOVED 1 \(target):1"))], to: share, map: &map)
      #expect(pipeline.wantsPause == (round > ClusterPipeline.promptRounds))
    }
    pipeline.giveUp()
    #expect(throws: Never.self) { try pipeline.result() }
  }

  @Test func clusterInMotionIsWaitedForAndItsWordStandsInTheEnd() throws {
    var map = halves
    var pipeline = ClusterPipeline([1])
    let down = RedisValue.refusal(RedisRefusal(reply: "CLUSTERDOWN The cluster is down"))
    pipeline.take([down], to: pipeline.takeShares(map)[0], map: &map)
    #expect(pipeline.wantsPause && pipeline.doubtsMap && !pipeline.isDone)
    pipeline.giveUp()
    #expect(try pipeline.result() == [down])
  }

  @Test func unreachableNodeFailsItsCommandsUnlessTheMapNamesAnother() throws {
    var map = halves
    let error = RedisError.unavailable(reason: "a is gone")
    for isReplaced in [false, true] {
      var pipeline = ClusterPipeline([1, 9000])
      let shares = pipeline.takeShares(map)
      pipeline.fail(shares[0], error, repeats: true)
      pipeline.take([.integer(5)], to: shares[1], map: &map)
      #expect(pipeline.doubtsMap)
      if isReplaced { map.assign(1, to: b) }
      let again = pipeline.takeShares(map)
      #expect(again == (isReplaced ? [.init(node: b, commands: [0])] : []))
      if isReplaced {
        pipeline.take([.integer(4)], to: again[0], map: &map)
        #expect(try pipeline.result() == [.integer(4), .integer(5)])
      } else {
        #expect(throws: error) { try pipeline.result() }
      }
    }
  }

  @Test func keylessCommandFindsAnotherNode() throws {
    var map = halves
    var pipeline = ClusterPipeline([nil])
    pipeline.fail(pipeline.takeShares(map)[0], .unavailable(reason: "a is gone"), repeats: false)
    let share = pipeline.takeShares(map)[0]
    #expect(share == .init(node: b, commands: [0]))
    pipeline.take([.integer(4)], to: share, map: &map)
    #expect(try pipeline.result() == [.integer(4)])
  }

  @Test func lostCommandIsRepeatedOnceIfItMayBe() {
    let map = halves
    let lost = RedisError.connectionLost(reason: "cut")
    var pipeline = ClusterPipeline([1])
    pipeline.fail(pipeline.takeShares(map)[0], lost, repeats: true)
    let again = pipeline.takeShares(map)
    #expect(again == [.init(node: a, commands: [0])])
    pipeline.fail(again[0], lost, repeats: true)
    #expect(pipeline.isDone)
    #expect(throws: lost) { try pipeline.result() }
    for (error, repeats) in [(lost, false), (.timedOut(reason: "late"), true)] {
      var pipeline = ClusterPipeline([1])
      pipeline.fail(pipeline.takeShares(map)[0], error, repeats: repeats)
      #expect(pipeline.isDone)
      #expect(throws: error) { try pipeline.result() }
    }
  }
}

extension ClusterPipeline {
  fileprivate func tookShares(_ map: SlotMap) -> [Share] {
    var copy = self
    return copy.takeShares(map)
  }
}
