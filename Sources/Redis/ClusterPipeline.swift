/// A pipeline on its way through a cluster: which node gets which commands next, and what becomes of them. Holds no
/// connection; commands are known by their index.
struct ClusterPipeline {
  /// Commands that go to one node in one go, in order.
  struct Share: Equatable {
    /// The node.
    var node: RedisEndpoint
    /// Which commands.
    var commands: [Int]
    /// Whether each goes behind an `ASKING`: the node does not own its slot yet.
    var isAsking = false
  }

  /// Redirections that are followed at once; beyond, nodes disagree and get time to settle.
  static let promptRounds = 3

  private let slots: [Int?]
  private var open: [Int]
  private var replies: [RedisValue?]
  /// Where the next try of a command goes behind an `ASKING`.
  private var asked: [Int: RedisEndpoint] = [:]
  /// What the latest try of an open command failed with, and at which node when that executed nothing.
  private var setbacks: [Int: (error: RedisError, node: RedisEndpoint?)] = [:]
  private var failure: RedisError?
  private var rounds = 0
  /// Whether something has happened that may mean that the slots are served otherwise than the map says.
  private(set) var doubtsMap = false
  private var waits = false

  /// Makes a pipeline of commands with these slots; nil is at home on any node.
  init(_ slots: [Int?]) {
    self.slots = slots
    open = Array(slots.indices)
    replies = Array(repeating: nil, count: slots.count)
  }

  /// Whether nothing is left to send.
  var isDone: Bool { open.isEmpty }

  /// Whether a pause is due before the next shares are sent.
  var wantsPause: Bool { waits || rounds > Self.promptRounds }

  /// Takes out what is to be sent now. Commands that the map sends to a node that could not be reached are failed.
  mutating func takeShares(_ map: SlotMap) -> [Share] {
    let sending = open
    open = []
    doubtsMap = false
    waits = false
    rounds += 1
    var shares: [Share] = []
    // By the node's index in the map; most pipelines go to few nodes.
    var positions = [Int](repeating: -1, count: map.nodes.count)
    for index in sending {
      if let node = asked.removeValue(forKey: index) {
        if let known = shares.firstIndex(where: { $0.isAsking && $0.node == node }) {
          shares[known].commands.append(index)
        } else {
          shares.append(Share(node: node, commands: [index], isAsking: true))
        }
      } else if let node = destination(of: index, map) {
        if positions[node] < 0 {
          positions[node] = shares.count
          shares.append(Share(node: map.nodes[node], commands: []))
        }
        shares[positions[node]].commands.append(index)
      }
    }
    return shares
  }

  /// Takes the replies to a share.
  mutating func take(_ answers: [RedisValue], to share: Share, map: inout SlotMap) {
    for (index, reply) in zip(share.commands, answers) {
      replies[index] = reply
      setbacks[index] = nil
      switch ClusterRedirect(reply, from: share.node) {
      case .none: continue
      case .moved(let slot, let node): map.assign(slot, to: node)
      case .ask(let node): asked[index] = node
      case .later:
        waits = true
        doubtsMap = true
      }
      open.append(index)
    }
  }

  /// Takes note of a share that got no replies.
  /// - Parameter repeats: Whether it may be sent once more although it may have been executed.
  mutating func fail(_ share: Share, _ error: RedisError, repeats: Bool) {
    doubtsMap = true
    for index in share.commands {
      switch error {
      case .unavailable:
        setbacks[index] = (error, share.node)
        open.append(index)
      case .connectionLost where repeats && setbacks[index] == nil:
        setbacks[index] = (error, nil)
        open.append(index)
      case .connectionLost, .timedOut, .refused, .malformedReply: fail(error)
      }
    }
  }

  /// Ends it, its time being up: what the cluster last said of a command stands.
  mutating func giveUp() {
    for index in open.sorted() where replies[index] == nil {
      fail(setbacks[index]?.error ?? .timedOut(reason: "the deadline of the call passed"))
    }
    open = []
  }

  /// All replies in order.
  /// - Throws: The first failure that left a command without one.
  func result() throws(RedisError) -> [RedisValue] {
    if let failure { throw failure }
    return replies.map { $0! }
  }

  /// The node for a command, as an index of the map; nil when the command has failed.
  private mutating func destination(of index: Int, _ map: SlotMap) -> Int? {
    let setback = setbacks[index]
    if let slot = slots[index], let owner = map.owner(of: slot) {
      guard let setback, setback.node == map.nodes[owner] else { return owner }
      fail(setback.error)
      return nil
    }
    // A slot that nobody serves: any node says so in its own words.
    guard let any = map.masters.first(where: { map.nodes[$0] != setback?.node }) else {
      fail(setback?.error ?? .unavailable(reason: "no node of the cluster serves any slot"))
      return nil
    }
    return any
  }

  private mutating func fail(_ error: RedisError) { failure = failure ?? error }
}
