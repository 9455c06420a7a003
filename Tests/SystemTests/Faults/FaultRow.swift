import TestKit
import Testing

/// One row of the fault matrix: what is injected into a running exchange, and what is expected beyond what always is.
struct FaultRow: Sendable, CustomTestStringConvertible {
  typealias Step = @Sendable (FaultStand) async throws -> Void

  /// What the clients do meanwhile.
  enum Load: Sendable {
    /// They trade from before the fault until after it.
    case trading(TradingLoad.Style = .init())
    /// They begin when the fault has been injected.
    case afterwards
    /// None: the row has requests of its own.
    case none
  }

  /// What a fault lays hands on: faults that share nothing can be injected at once.
  enum Subject: Sendable { case workers, leader, redis, postgres, gateways, links, clocks, requests }

  /// The row's number in the list of faults.
  let number: Int
  /// What is done.
  let name: String
  let topology: FaultTopology
  /// Nil for what a soak cannot inject beside others.
  var subject: Subject?
  var load = Load.trading()
  /// How often the fault is injected.
  var times = 1
  /// How long the clients trade on before anything that died is started again.
  var after = Duration.milliseconds(700)
  /// Whether no shard may change hands.
  var keepsOwners = false
  let inject: Step
  /// What else is expected, once everything has come to rest.
  var expect: @Sendable (FaultStand, [TradingLoad.Record]) async throws -> Void = { _, _ in }

  var title: String { "\(number) \(name)" }
  var testDescription: String { title }
}

extension FaultRow {
  /// All rows, in an order that starts few exchanges. Rows that need more than one server of a kind (a replica, a cluster),
  /// a full disk or a poisoned log have suites of their own.
  static let all =
    worker + fleet + leader + links + redis + hostile + postgres + commits + stalls + gateway + races + clocks
    + marketDay + auctions
    + age + log + dayTables
    + findings + guests

  /// Of faults that come in several forms, the one that is injected in every run: the others differ in what simulated
  /// schedules go through by the thousand (`buttonwood-lab simulate`).
  static let representatives: [Int: String] = [
    1: "killed at settle.committed", 4: "cut off from both", 5: "slow by 200 ms", 6: "while it moves shards",
    8: "leases overwritten", 9: "every second", 10: "old dump", 14: "out of memory", 15: "malformed",
    16: "immediate", 18: "worker's connection", 23: "accept.committed", 26: "a replacement races", 27: "every clock",
    28: "one by one", 35: "all workers killed", 43: "settlements", 50: "order with the next number",
    52: "a ghost's name",
    58: "key revoked",
  ]

  /// The rows that are asked for by number in BUTTONWOOD_FAULT_ROWS (`1,27`), all with BUTTONWOOD_FAULT_FORMS=all, or one of
  /// each number.
  static let selected: [FaultRow] = {
    if let text = variable("BUTTONWOOD_FAULT_ROWS") {
      let numbers = Set(text.split(separator: ",").compactMap { Int($0) })
      return all.filter { numbers.contains($0.number) }
    }
    guard variable("BUTTONWOOD_FAULT_FORMS") != "all" else { return all }
    return all.filter(\.isRepresentative)
  }()

  /// Whether it stands for all forms of its number.
  private var isRepresentative: Bool {
    Self.representatives[number].map { name.contains($0) } ?? true
  }
}
