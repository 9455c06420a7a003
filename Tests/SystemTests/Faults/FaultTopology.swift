import TestKit

/// What an exchange for faults consists of. Rows of one topology share a running exchange.
struct FaultTopology: Hashable, Sendable {
  /// Tells exchanges of the same shape apart, so that subjects do not get in each other's way.
  let name: String
  var workers = 2
  var gateways = 2
  /// Whether every role reaches its servers over links of its own, which can be cut and slowed down.
  var isLinked = false
  /// Whether proxies stand before PostgreSQL that cut connections in the middle of a commit.
  var isCuttable = false
  /// Whether proxies stand before PostgreSQL that fall silent in the middle of a conversation.
  var isStalling = false
  /// Whether every role has a clock of its own, which can be set.
  var hasClocks = false
  /// How far a role's clock may be off, as an option of the roles; nil for what is usual.
  var clockBound: String?
  /// Whether the market is opened and closed by hand.
  var isManual = false

  /// What roles are told of clocks.
  var marketOptions: [String] {
    (isManual ? ["--market-clock", "manual"] : []) + (clockBound.map { ["--clock-bound", $0] } ?? [])
  }

  /// Whether the leader moves shards to even out their load. Where a row demands that owners stay, a fault in the middle of
  /// such a move may well let a third worker take the shard.
  var isBalanced = true

  /// What workers are told of the balance. What a row wants moved must not wait for the balance to have stood for a while;
  /// a worker that is new gets shards in any case.
  var balanceOptions: [String] {
    isBalanced ? ["--balance-cool-down", "1s"] : ["--balance-tolerance", "90"]
  }

  static let fleet = FaultTopology(name: "fleet")
  static let depth = FaultTopology(name: "depth")
  static let leader = FaultTopology(name: "leader", isLinked: true)
  static let links = FaultTopology(name: "links", isLinked: true)
  static let redis = FaultTopology(name: "redis", isBalanced: false)
  static let postgres = FaultTopology(name: "postgres")
  static let commits = FaultTopology(name: "commits", isCuttable: true)
  static let stalls = FaultTopology(name: "stalls", isStalling: true)
  static let clocks = FaultTopology(name: "clocks", hasClocks: true, clockBound: "3h", isBalanced: false)
  static let skew = FaultTopology(name: "skew", hasClocks: true)
  static let gateways = FaultTopology(name: "gateways", isBalanced: false)
  static let findings = FaultTopology(name: "findings")
  static let races = FaultTopology(name: "races")
  static let market = FaultTopology(name: "market", isManual: true)
  static let auctions = FaultTopology(name: "auctions", isManual: true)
  static let soak = FaultTopology(name: "soak", workers: 3, isLinked: true, hasClocks: true, clockBound: "3h")
}
