public import Market

/// Spreads the shards over the workers by load: sticky, so that what need not move does not; bounded, so that a new worker
/// costs no more hand-overs than its share; calm, so that noise moves nothing and nothing moves to and fro.
///
/// A fleet with next to nothing to do is left as it is: below ``Limits/quietWeight`` the loads are noise, and the weights of
/// before stand. Then only who comes and goes moves shards.
///
/// A value with a memory of what it moved and how heavy everything is. The same history gives the same targets.
public struct Balancer: Sendable {
  /// When it moves something.
  public struct Limits: Hashable, Sendable {
    /// How far, in percent of the mean, the heaviest and the lightest worker may be from it before anything moves.
    public var tolerancePercent = 25
    /// How long a shard stays where it was moved to, and its weight is not measured anew. A weight follows a load within
    /// about this long, so that bursts and gusts shorter than it move nothing.
    public var coolDown = Duration.seconds(5)
    /// Hand-overs begun in one round at most.
    public var movesPerRound = 64
    /// What the busiest worker's shards must weigh beyond idle ones before weights are measured anew: a hundred commands a
    /// second, a fortieth of what a worker can do.
    public var quietWeight = 1_000
    /// How long a shard does not go back where it came from, unless it has become twice or half as heavy.
    public var returnDelay = Duration.seconds(60)

    /// The usual limits.
    public init() {}
  }

  /// What the leader sees.
  public struct View: Sendable {
    /// The workers that take shards.
    public var takers: Set<WorkerID>
    /// Who works on a shard; none for a shard without a living owner.
    public var owners: [Shard: WorkerID]
    /// What the owners measure.
    public var loads: [Shard: ShardLoad]
    /// All shards.
    public var shards: [Shard]
    /// What was assigned last.
    public var targets: [Shard: WorkerID]
    /// Whether nothing should move that need not: around the market's open and close.
    public var isQuiet: Bool
    /// The moment, on any clock that only moves forward.
    public var now: Duration

    /// Describes what the leader sees.
    public init(
      takers: Set<WorkerID>, owners: [Shard: WorkerID], loads: [Shard: ShardLoad], shards: [Shard],
      targets: [Shard: WorkerID], isQuiet: Bool = false, now: Duration
    ) {
      self.takers = takers
      self.owners = owners
      self.loads = loads
      self.shards = shards
      self.targets = targets
      self.isQuiet = isQuiet
      self.now = now
    }
  }

  /// The last time that a shard was moved to even loads out.
  private struct Move {
    var from: WorkerID
    var at: Duration
    /// What it weighed then.
    var weight: Int
  }

  /// The limits in force.
  public let limits: Limits
  private var moves: [Shard: Move] = [:]
  private var weights: [Shard: Weight] = [:]
  private var weighedAt: Duration?

  /// Remembers nothing yet.
  public init(limits: Limits = Limits()) { self.limits = limits }

  /// Says where every shard should be. Without anyone who takes shards, the old targets stand.
  public mutating func targets(_ view: View) -> [Shard: WorkerID] {
    guard !view.takers.isEmpty else { return view.targets }
    moves = moves.filter { view.now - $0.value.at < max(limits.coolDown, limits.returnDelay) }
    weigh(view)
    var floor = Floor(takers: view.takers, weights: weights.mapValues(\.whole))
    // Shards of workers that drain.
    var homeless: [Shard] = []
    for shard in view.shards {
      if let home = home(of: shard, view) {
        floor.put(shard, on: home)
      } else if view.owners[shard] == nil {
        // It is being claimed by whom it prefers at this very moment: a target elsewhere would only move it twice.
        floor.put(shard, on: Rendezvous.order(of: view.takers, for: shard)[0])
      } else {
        homeless.append(shard)
      }
    }
    floor.house(homeless)
    if !view.isQuiet { balance(&floor, view) }
    return floor.homes
  }

  /// Where a shard stays: with whom it is assigned, else with whom it is, as long as that one takes shards.
  private func home(of shard: Shard, _ view: View) -> WorkerID? {
    if let target = view.targets[shard], view.takers.contains(target) { return target }
    return view.owners[shard].flatMap { view.takers.contains($0) ? $0 : nil }
  }

  /// A shard that has just moved is as heavy as before: its new owner has not measured it yet.
  private mutating func weigh(_ view: View) {
    let span = weighedAt.map { view.now - $0 } ?? limits.coolDown
    weighedAt = view.now
    let isQuiet = isQuiet(view)
    for shard in view.shards {
      guard !isQuiet, !isCooling(shard, view.now), let load = view.loads[shard] else {
        weights[shard] = weights[shard] ?? Weight(ShardLoad.idleWeight)
        continue
      }
      weights[shard, default: Weight(load.weight)].follow(load.weight, for: span, within: limits.coolDown)
    }
  }

  /// Whether no worker has a load worth measuring.
  private func isQuiet(_ view: View) -> Bool {
    // What nobody works on now will be somebody's.
    var burdens: [WorkerID?: Int] = [:]
    for (shard, load) in view.loads {
      burdens[view.owners[shard], default: 0] += load.weight - ShardLoad.idleWeight
    }
    return burdens.values.allSatisfy { $0 < limits.quietWeight }
  }

  private func isCooling(_ shard: Shard, _ now: Duration) -> Bool {
    moves[shard].map { now - $0.at < limits.coolDown } ?? false
  }

  /// Whether a shard may go to a worker: not while it cools down, and not soon back where it came from for nothing.
  private func mayMove(_ shard: Shard, to target: WorkerID, _ now: Duration) -> Bool {
    guard let move = moves[shard] else { return true }
    guard now - move.at >= limits.coolDown else { return false }
    guard move.from == target, now - move.at < limits.returnDelay else { return true }
    let weight = weights[shard]?.whole ?? ShardLoad.idleWeight
    return weight >= 2 * move.weight || 2 * weight <= move.weight
  }

  /// Evens out from the heaviest to the lightest, one shard after the other. It begins when the difference is beyond the
  /// tolerance, and ends well within it or when no move helps: so what it leaves does not soon begin again.
  private mutating func balance(_ floor: inout Floor, _ view: View) {
    // A worker whose shards cannot move (one hot shard alone) is left out, so that it does not hide the others' balance.
    var pinned: Set<WorkerID> = []
    var left = limits.movesPerRound
    while floor.isUneven(without: pinned, tolerancePercent: limits.tolerancePercent) {
      guard let stuck = even(&floor, without: pinned, &left, view.now) else { return }
      pinned.insert(stuck)
    }
  }

  /// Moves until nothing helps any more; returns the heaviest worker if none of its shards can move, nil when all is said.
  private mutating func even(
    _ floor: inout Floor, without pinned: Set<WorkerID>, _ left: inout Int, _ now: Duration
  ) -> WorkerID? {
    while left > 0, floor.isUneven(without: pinned, tolerancePercent: limits.tolerancePercent / 3),
      let source = floor.heaviest(without: pinned), let target = floor.lightest(without: pinned)
    {
      guard let shard = floor.best(from: source, to: target, where: { mayMove($0, to: target, now) }) else {
        return source
      }
      floor.put(shard, on: target)
      moves[shard] = Move(from: source, at: now, weight: floor.weights[shard] ?? ShardLoad.idleWeight)
      left -= 1
    }
    return nil
  }
}

/// What a shard weighs, smoothed over time.
private struct Weight {
  /// More than any machine can bear; the sums of a fleet's weights stay far from what an integer holds.
  private static let most = 100_000_000
  /// In thousandths, so that small differences are not lost to rounding.
  private var thousandths: Int

  init(_ weight: Int) { thousandths = min(max(weight, 0), Self.most) * 1_000 }

  /// Rounded to the nearest whole number.
  var whole: Int { (thousandths + 500) / 1_000 }

  /// Moves towards what was measured for a span of time: all the way when that is as long as `settling`.
  mutating func follow(_ measured: Int, for span: Duration, within settling: Duration) {
    let (part, all) = (Int(span / .milliseconds(1)), max(1, Int(settling / .milliseconds(1))))
    thousandths += (Weight(measured).thousandths - thousandths) * min(max(part, 0), all) / all
  }
}

/// The shards on their workers, with what each worker carries.
private struct Floor {
  let weights: [Shard: Int]
  private(set) var homes: [Shard: WorkerID] = [:]
  private var carried: [WorkerID: Int]
  private var shards: [WorkerID: Set<Shard>] = [:]

  init(takers: Set<WorkerID>, weights: [Shard: Int]) {
    self.weights = weights
    carried = Dictionary(uniqueKeysWithValues: takers.map { ($0, 0) })
  }

  mutating func put(_ shard: Shard, on worker: WorkerID) {
    if let old = homes[shard] {
      carried[old]! -= weights[shard]!
      shards[old]!.remove(shard)
    }
    homes[shard] = worker
    carried[worker]! += weights[shard]!
    shards[worker, default: []].insert(shard)
  }

  /// Finds homes for shards that have none: the heaviest first, each on the worker that carries least.
  mutating func house(_ homeless: [Shard]) {
    for shard in homeless.sorted(by: { (weights[$0]!, $1) > (weights[$1]!, $0) }) {
      let lightest = carried.values.min()!
      let choice = carried.filter { $0.value == lightest }.keys
      put(shard, on: Rendezvous.order(of: choice, for: shard)[0])
    }
  }

  func heaviest(without pinned: Set<WorkerID>) -> WorkerID? {
    carried.filter { !pinned.contains($0.key) }.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
  }

  func lightest(without pinned: Set<WorkerID>) -> WorkerID? {
    carried.filter { !pinned.contains($0.key) }.min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
  }

  func isUneven(without pinned: Set<WorkerID>, tolerancePercent: Int) -> Bool {
    let loads = carried.filter { !pinned.contains($0.key) }.values
    guard loads.count > 1, let most = loads.max(), let least = loads.min() else { return false }
    let sum = loads.reduce(0, +)
    let count = loads.count
    return most * count * 100 > sum * (100 + tolerancePercent) || least * count * 100 < sum * (100 - tolerancePercent)
  }

  /// The shard whose move evens two workers out most: the heaviest that does not turn the difference round, else the
  /// lightest that leaves three fifths of it at most; nil when none does. What helps less is not worth a hand-over.
  func best(from source: WorkerID, to target: WorkerID, where mayMove: (Shard) -> Bool) -> Shard? {
    let gap = carried[source]! - carried[target]!
    guard gap > 0 else { return nil }
    let candidates = (shards[source] ?? []).filter { mayMove($0) && weights[$0]! * 5 <= gap * 4 }
    let half = candidates.filter { weights[$0]! * 2 <= gap }
    if let shard = half.max(by: { (weights[$0]!, $1) < (weights[$1]!, $0) }) { return shard }
    return candidates.min { (weights[$0]!, $0) < (weights[$1]!, $1) }
  }
}
