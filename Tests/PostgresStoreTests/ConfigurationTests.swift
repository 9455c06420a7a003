import Market
import Ports
import Postgres
import TestKit
import Testing

@testable import PostgresStore

/// Choices that are changed at one time.
@Suite struct ConfigurationTests {
  private static let account = AccountNumber(rawValue: 100_000_001)

  @Test func changesOfDifferentChoicesAllComeTrue() async throws {
    let url = try StoreDatabase.make()
    let accountStore = PostgresAccountStore(pool: PostgresPool((0..<4).map { _ in StoreDatabase.session(url) }))
    for round in 0..<60 {
      let isOn = round % 2 == 0
      var changes = [AccountConfigurationChange](repeating: .init(), count: 4)
      changes[0].suspendsTrading = isOn
      changes[1].confirmsTrades = isOn ? AccountConfiguration.Confirmation.none : .all
      changes[2].dayTradeCheck = isOn ? .entry : .exit
      changes[3].noExceptionEntry = isOn
      try await withThrowingTaskGroup(of: Void.self) { group in
        for change in changes {
          group.addTask {
            let shown = try await accountStore.changeConfiguration(change, of: Self.account)
            #expect(change.applied(to: shown) == shown, "an answer shows what it has changed")
          }
        }
        try await group.waitForAll()
      }
      let expected = changes.reduce(AccountConfiguration()) { $1.applied(to: $0) }
      #expect(try await accountStore.configuration(of: Self.account) == expected, "round \(round)")
    }
  }

  @Test func whatIsNotNamedStays() async throws {
    let accountStore = PostgresAccountStore(pool: PostgresPool([StoreDatabase.session(try StoreDatabase.make())]))
    #expect(try await accountStore.changeConfiguration(.init(), of: Self.account) == AccountConfiguration())
    var change = AccountConfigurationChange()
    change.patternDayTraderCheck = .exit
    var expected = AccountConfiguration()
    expected.patternDayTraderCheck = .exit
    #expect(try await accountStore.changeConfiguration(change, of: Self.account) == expected)
    #expect(try await accountStore.changeConfiguration(.init(), of: Self.account) == expected)
    #expect(
      try await accountStore.changeConfiguration(change, of: AccountNumber(rawValue: 7)) == AccountConfiguration())
  }
}
