import Market
import Ports
import Postgres
import Testing

@testable import PostgresStore

/// Instruments on a real server.
struct AdministrationInstrumentTests {
  private let url: String
  private let office: InstrumentAdministration

  init() throws {
    url = try AdministrationDatabase.make()
    office = InstrumentAdministration(session: AdministrationDatabase.session(url))
  }

  private func listing(_ symbol: String, name: String = "N", price: String = "") throws -> InstrumentListing {
    try InstrumentListing(symbol: symbol, name: name, exchange: "NYSE", referencePrice: price)
  }

  @Test func importsAreRepeatableAndSpreadOverTheShards() async throws {
    let all = try (0..<10).map { try listing("S\($0)") }
    #expect(try await office.importAll(all) == InstrumentChanges(added: 10, updated: 0, unchanged: 0))
    #expect(try await office.importAll(all) == InstrumentChanges(added: 0, updated: 0, unchanged: 10))
    let before = try await office.list()
    let counts = Dictionary(grouping: before, by: \.shard).mapValues(\.count)
    #expect(counts.count == Int(AdministrationDatabase.shards) && counts.values.allSatisfy { $0 == 2 || $0 == 3 })
    var changed = all
    changed[3] = try listing("S3", name: "Other", price: "12.5")
    changed.append(try listing("NEW"))
    #expect(try await office.importAll(changed) == InstrumentChanges(added: 1, updated: 1, unchanged: 9))
    let after = try await office.list()
    #expect(after.first { $0.listing.symbol.description == "S3" }?.listing.referencePrice == Price("12.5"))
    #expect(
      before.allSatisfy { old in after.contains { $0.listing.symbol == old.listing.symbol && $0.shard == old.shard } })
  }

  @Test func addingAgainChangesNothingAndContradictionsAreRefused() async throws {
    let stored = try await office.add(try listing("IBM", price: "100"), shard: Shard(rawValue: 2))
    #expect(stored.shard == Shard(rawValue: 2))
    #expect(try await office.add(try listing("IBM", price: "100.00"), shard: nil) == stored)
    await #expect(throws: AdministrationError.self) {
      _ = try await office.add(try listing("IBM", price: "101"), shard: nil)
    }
    await #expect(throws: AdministrationError.self) {
      _ = try await office.add(try listing("IBM", price: "100"), shard: Shard(rawValue: 1))
    }
    await #expect(throws: AdministrationError.self) {
      _ = try await office.add(try listing("X"), shard: Shard(rawValue: 99))
    }
    #expect(try await office.list().count == 1)
  }

  @Test func concurrentImportsAgree() async throws {
    let all = try (0..<40).map { try listing("S\($0)") }
    let added = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          try await InstrumentAdministration(session: AdministrationDatabase.session(url)).importAll(all).added
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(added == 40)
    let counts = Dictionary(grouping: try await office.list(), by: \.shard).mapValues(\.count)
    #expect(counts.values.allSatisfy { $0 == 10 })
  }

  @Test func aHaltedInstrumentIsNotTradableUntilItResumes() async throws {
    _ = try await office.add(try listing("IBM"), shard: nil)
    let reader = PostgresAccountReader(pool: PostgresPool([AdministrationDatabase.session(url)]))
    try await office.halt(Symbol("IBM")!, reason: "news pending", collects: false)
    #expect(try await reader.instruments().map(\.tradable) == [false])
    #expect(try await office.list().map(\.haltReason) == ["news pending"])
    try await office.resume(Symbol("IBM")!)
    #expect(try await reader.instruments().map(\.tradable) == [true])
    await #expect(throws: HaltRefusal.unknownInstrument(Symbol("NONE")!)) {
      try await office.halt(Symbol("NONE")!, reason: "r", collects: false)
    }
    await #expect(throws: HaltRefusal.self) { try await office.halt(Symbol("IBM")!, reason: "", collects: false) }
  }

  @Test func shardsAreReadWithTheirSymbols() async throws {
    _ = try await office.importAll(try ["B", "A", "C"].map { try listing($0) })
    _ = try await office.add(try listing("D"), shard: Shard(rawValue: 0))
    let shards = try await PostgresShardReader(session: AdministrationDatabase.session(url)).shards()
    #expect(shards.map(\.shard.rawValue) == Array(0..<AdministrationDatabase.shards))
    #expect(shards.map(\.symbols) == [["B", "D"], ["A"], ["C"], []])
    #expect(shards.allSatisfy { $0.claimedBy == nil && $0.epoch.rawValue == 0 && $0.lag.commands == 0 })
  }
}
