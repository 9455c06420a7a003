import Digest
import Market
import Ports
import Postgres
import Testing

@testable import PostgresStore

/// Accounts on a real server.
struct AdministrationAccountTests {
  private let url: String
  private let office: AccountAdministration

  init() throws {
    url = try AdministrationDatabase.make()
    office = AccountAdministration(session: AdministrationDatabase.session(url))
  }

  private func refusal(_ body: () async throws(AdministrationError) -> Void) async -> String? {
    do throws(AdministrationError) { try await body() } catch {
      guard case .refused(let text) = error else { return "not a refusal: \(error)" }
      return text
    }
    return nil
  }

  @Test func aNewAccountHasItsCashAndAKeyThatProvesItself() async throws {
    let opened = try await office.create(name: "Ann", cash: .dollars(1000))
    let shown = try await office.show(.id(opened.id))
    #expect(shown.account.number == opened.number)
    #expect(shown.account.cash == .dollars(1000))
    #expect(shown.account.status == .active)
    #expect(shown.keys.map(\.id) == [opened.key.id])
    #expect(opened.key.secret.utf8.count == 40 && opened.key.id.hasPrefix("PK") && opened.key.id.utf8.count == 20)
    let reader = PostgresAccountReader(pool: PostgresPool([AdministrationDatabase.session(url)]))
    let credential = try await reader.credential(keyID: opened.key.id)
    #expect(
      credential
        == Credential(
          account: opened.number, accountID: opened.id, secretHash: SHA256Digest(of: opened.key.secret).bytes))
    #expect(try await AdministrationDatabase.disagreements(url) == 0)
  }

  @Test func anEqualReferenceMovesOnceAndAnotherContentIsRefused() async throws {
    let account = AccountName.number(try await office.create(name: "A", cash: .zero).number)
    let other = AccountName.number(try await office.create(name: "B", cash: .zero).number)
    let first = try await office.deposit(.dollars(5), to: account, reference: "r")
    let second = try await office.deposit(.dollars(5), to: account, reference: "r")
    #expect(!first.isRepeat && second.isRepeat && second.reference == "r")
    #expect(
      await refusal { () async throws(AdministrationError) in
        _ = try await office.deposit(.dollars(6), to: account, reference: "r")
      } != nil)
    #expect(
      await refusal { () async throws(AdministrationError) in
        _ = try await office.deposit(.dollars(5), to: other, reference: "r")
      } != nil)
    #expect(
      await refusal { () async throws(AdministrationError) in
        _ = try await office.withdraw(.dollars(5), from: account, reference: "r")
      } != nil)
    #expect(try await office.show(account).account.cash == .dollars(5))
    #expect(try await AdministrationDatabase.number("SELECT count(*) FROM journals", url) == 1)
  }

  @Test func aWithdrawalLeavesWhatOrdersHold() async throws {
    let account = AccountName.number(try await office.create(name: "A", cash: .dollars(100)).number)
    _ = try await AdministrationDatabase.owner(url).use { (connection) throws(PostgresError) in
      try connection.execute("UPDATE accounts SET held = 400000")
    }
    let text = await refusal { () async throws(AdministrationError) in
      _ = try await office.withdraw(Money(rawValue: 600_001), from: account, reference: "w")
    }
    #expect(text?.contains("has 60 to withdraw") == true)
    // The refused movement left no trace: its reference is free.
    #expect(try await !office.withdraw(.dollars(60), from: account, reference: "w").isRepeat)
    #expect(try await office.show(account).account.cash == .dollars(40))
    #expect(try await AdministrationDatabase.disagreements(url) == 0)
  }

  @Test func concurrentMovementsAddUpAndEqualOnesHappenOnce() async throws {
    let account = AccountName.number(try await office.create(name: "A", cash: .dollars(10)).number)
    let movements = try await withThrowingTaskGroup(of: Bool.self) { group in
      for worker in 0..<8 {
        group.addTask {
          let office = AccountAdministration(session: AdministrationDatabase.session(url))
          var moved = false
          for round in 0..<10 {
            _ = try await office.deposit(.dollars(3), to: account, reference: nil)
            _ = try await office.withdraw(.dollars(2), from: account, reference: "\(worker) \(round)")
            let shared = try await office.deposit(.dollars(100), to: account, reference: "shared \(round)")
            moved = moved || !shared.isRepeat
          }
          return moved
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(movements.contains(true))
    #expect(try await office.show(account).account.cash == .dollars(10 + 80 + 1000))
    #expect(try await AdministrationDatabase.disagreements(url) == 0)
  }

  @Test func concurrentWithdrawalsNeverOverdraw() async throws {
    let account = AccountName.number(try await office.create(name: "A", cash: .dollars(10)).number)
    let withdrawn = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let office = AccountAdministration(session: AdministrationDatabase.session(url))
          var count = 0
          for _ in 0..<5 where (try? await office.withdraw(.dollars(3), from: account, reference: nil)) != nil {
            count += 1
          }
          return count
        }
      }
      return await group.reduce(0, +)
    }
    #expect(withdrawn == 3)
    #expect(try await office.show(account).account.cash == .dollars(1))
    #expect(try await AdministrationDatabase.disagreements(url) == 0)
  }

  @Test func grantsAddSharesAndTheirCost() async throws {
    let account = AccountName.number(try await office.create(name: "A", cash: .zero).number)
    let symbol = Symbol("AAPL")!
    let listing = try InstrumentListing(symbol: "AAPL", name: "Apple", exchange: "NASDAQ", referencePrice: "101.25")
    _ = try await InstrumentAdministration(session: AdministrationDatabase.session(url)).add(listing, shard: nil)
    _ = try await office.grant(Quantity(rawValue: 4), of: symbol, to: account, cost: nil, reference: "g")
    _ = try await office.grant(Quantity(rawValue: 4), of: symbol, to: account, cost: nil, reference: "g")
    _ = try await office.grant(Quantity(rawValue: 2), of: symbol, to: account, cost: Price("50"), reference: nil)
    let position = try #require(try await office.show(account).positions.first)
    #expect(position.quantity == Quantity(rawValue: 6))
    #expect(position.cost == Money("505"))
    #expect(
      await refusal { () async throws(AdministrationError) in
        _ = try await office.grant(Quantity(rawValue: 5), of: symbol, to: account, cost: nil, reference: "g")
      } != nil)
    #expect(
      await refusal { () async throws(AdministrationError) in
        _ = try await office.grant(Quantity(rawValue: 5), of: Symbol("NONE")!, to: account, cost: nil, reference: nil)
      } == "there is no instrument NONE")
    #expect(try await AdministrationDatabase.disagreements(url) == 0)
  }

  @Test func amountsOutOfBoundsAreRefused() async throws {
    let account = AccountName.number(try await office.create(name: "A", cash: .zero).number)
    for amount in [Money.zero, Money(rawValue: -1), AccountRules.maximumAmount + Money(rawValue: 1)] {
      #expect(
        await refusal { () async throws(AdministrationError) in
          _ = try await office.deposit(amount, to: account, reference: nil)
        } != nil)
    }
    for name in ["", String(repeating: "x", count: 201), "a\0b"] {
      #expect(
        await refusal { () async throws(AdministrationError) in
          _ = try await office.create(name: name, cash: .zero)
        } != nil)
    }
    let unknown = await refusal { () async throws(AdministrationError) in
      _ = try await office.deposit(.dollars(1), to: .number(AccountNumber(rawValue: 7)), reference: nil)
    }
    #expect(unknown == "there is no account 7")
  }

  @Test func revokedKeysAndBlockedAccountsAreSeenByGateways() async throws {
    let opened = try await office.create(name: "A", cash: .zero)
    let reader = PostgresAccountReader(pool: PostgresPool([AdministrationDatabase.session(url)]))
    let key = try await office.createKey(of: .id(opened.id))
    try await office.revokeKey(opened.key.id)
    try await office.revokeKey(opened.key.id)
    #expect(try await reader.credential(keyID: opened.key.id) == nil)
    #expect(try await reader.credential(keyID: key.id)?.account == opened.number)
    #expect(await refusal { () async throws(AdministrationError) in try await office.revokeKey("PKNONE") } != nil)
    _ = try await office.block(.id(opened.id), reason: "looked into")
    #expect(try await reader.snapshot(of: opened.number)?.account.status == .blocked)
    try await office.unblock(.number(opened.number))
    #expect(try await reader.snapshot(of: opened.number)?.account.status == .active)
  }

  @Test func listsAreByNumberAndBounded() async throws {
    var numbers: [AccountNumber] = []
    for name in ["A", "B", "C"] { numbers.append(try await office.create(name: name, cash: .zero).number) }
    #expect(try await office.list(after: nil, limit: 2).map(\.number) == Array(numbers[..<2]))
    #expect(try await office.list(after: numbers[1], limit: 2).map(\.name) == ["C"])
  }

  @Test func aDatabaseWithoutSchemaSaysWhatToDo() async throws {
    let empty = try AdministrationDatabase.make()
    let session = AdministrationDatabase.session(empty)
    try await AdministrationDatabase.owner(empty).use { (connection) throws(PostgresError) in
      try connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    }
    do throws(AdministrationError) {
      _ = try await AccountAdministration(session: session).list(after: nil, limit: 1)
      Issue.record("listed")
    } catch {
      #expect(error.description.contains("buttonwood migrate"))
    }
  }
}
