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

  /// The rows that are asked for by number in BUTTONWOOD_FAULT_ROWS (`1,27`), or all.
  static let selected: [FaultRow] = {
    guard let text = variable("BUTTONWOOD_FAULT_ROWS") else { return all }
    let numbers = Set(text.split(separator: ",").compactMap { Int($0) })
    return all.filter { numbers.contains($0.number) }
  }()
}
