import Market
import Ports
import Postgres
import TestKit
import Testing

@testable import PostgresStore

/// The administrative log on a real server.
struct AdminLogTests {
  private let url: String
  private let session: PostgresSession
  private let actor = AdminActor("ann@desk")!

  init() throws {
    url = try AdministrationDatabase.make()
    session = AdministrationDatabase.session(url)
  }

  private var accounts: AccountAdministration { AccountAdministration(session: session, actor: actor) }

  private func entries(
    account: AccountName? = nil, prefix: String? = nil, since: Timestamp? = nil, limit: Int32 = 1000
  ) async throws -> [AdminLogEntry] {
    try await AdminLog(session: session).list(
      AdminLogQuestion(account: account, prefix: prefix, since: since, limit: limit))
  }

  /// Every change that there is, first as it is done and then as it is refused or repeated; what the log must say of each.
  private struct Change {
    var action: String
    var outcome: String
    var run: () async throws -> Void

    init(_ action: String, _ outcome: String, _ run: @escaping () async throws -> Void) {
      self.action = action
      self.outcome = outcome
      self.run = run
    }
  }

  private func changes(_ account: AccountName, _ key: String) throws -> [Change] {
    let accounts = accounts
    let nobody = AccountName.number(AccountNumber(rawValue: 7))
    let instruments = InstrumentAdministration(session: session, actor: actor)
    let calendar = CalendarAdministration(session: session, actor: actor)
    let quarantine = QuarantineAdministration(session: session, actor: actor)
    let listing = try InstrumentListing(symbol: "IBM", name: "I", exchange: "NYSE", referencePrice: "100")
    let symbol = listing.symbol
    let (today, day) = (Day("2026-03-02")!, Day("2026-03-03")!)
    let place = (Shard(rawValue: 0), Sequence(rawValue: 1))
    return [
      Change("account deposit", "done") { _ = try await accounts.deposit(.dollars(5), to: account, reference: "d") },
      Change("account deposit", "unchanged") {
        _ = try await accounts.deposit(.dollars(5), to: account, reference: "d")
      },
      Change("account deposit", "refused") { _ = try await accounts.deposit(.zero, to: account, reference: nil) },
      Change("account deposit", "refused") {
        _ = try await accounts.deposit(.dollars(1), to: account, reference: "a\0b")
      },
      Change("account withdraw", "done") {
        _ = try await accounts.withdraw(.dollars(1), from: account, reference: nil)
      },
      Change("account withdraw", "refused") {
        _ = try await accounts.withdraw(.dollars(1000), from: account, reference: nil)
      },
      Change("instrument add", "done") { _ = try await instruments.add(listing, shard: nil) },
      Change("instrument add", "unchanged") { _ = try await instruments.add(listing, shard: nil) },
      Change("instrument add", "refused") { _ = try await instruments.add(listing, shard: Shard(rawValue: 99)) },
      Change("instrument import", "added 0, updated 0, left 1 unchanged") {
        _ = try await instruments.importAll([listing])
      },
      Change("instrument halt", "done") { try await instruments.halt(symbol, reason: "news", collects: false) },
      Change("instrument halt", "unchanged") { try await instruments.halt(symbol, reason: "news", collects: false) },
      Change("instrument halt", "refused") { try await instruments.halt(symbol, reason: "", collects: false) },
      Change("instrument halt", "refused") {
        try await instruments.halt(Symbol("NONE")!, reason: "news", collects: false)
      },
      Change("instrument resume", "done") { try await instruments.resume(symbol) },
      Change("account grant", "done") {
        _ = try await accounts.grant(Quantity(rawValue: 3), of: symbol, to: account, cost: nil, reference: nil)
      },
      Change("account grant", "refused") {
        _ = try await accounts.grant(.zero, of: symbol, to: account, cost: nil, reference: nil)
      },
      Change("account block", "done") {
        _ = try await accounts.block(account, reason: "looked into", cancelsOrders: true)
      },
      Change("account block", "unchanged") { _ = try await accounts.block(account, reason: "looked into") },
      Change("account block", "refused") { _ = try await accounts.block(account, reason: "") },
      Change("account block", "refused") { _ = try await accounts.block(nobody, reason: "r") },
      Change("account unblock", "done") { try await accounts.unblock(account) },
      Change("account create", "refused") { _ = try await accounts.create(name: "", cash: .zero) },
      Change("account keys create", "done") {
        _ = try await accounts.createKey(of: account, role: .readOnly, requestsPerMinute: 10)
      },
      Change("account keys create", "refused") { _ = try await accounts.createKey(of: account, requestsPerMinute: 0) },
      Change("account keys create", "refused") { _ = try await accounts.createKey(of: nobody) },
      Change("account keys limit", "done") { try await accounts.limitKey(key, requestsPerMinute: 60) },
      Change("account keys limit", "unchanged") { try await accounts.limitKey(key, requestsPerMinute: 60) },
      Change("account keys limit", "done") { try await accounts.limitKey(key, requestsPerMinute: nil) },
      Change("account keys revoke", "done") { try await accounts.revokeKey(key) },
      Change("account keys revoke", "unchanged") { try await accounts.revokeKey(key) },
      Change("account keys limit", "refused") { try await accounts.limitKey(key, requestsPerMinute: 5) },
      Change("account keys revoke", "refused") { try await accounts.revokeKey("PK\0NONE") },
      Change("calendar close", "done") {
        try await calendar.set(CalendarException(closeMinute: nil, reason: "flood"), on: day, today: today)
      },
      Change("calendar shorten", "done") {
        try await calendar.set(CalendarException(closeMinute: 720, reason: "snow"), on: day, today: today)
      },
      Change("calendar close", "refused") {
        try await calendar.set(CalendarException(closeMinute: nil, reason: "late"), on: today, today: today)
      },
      Change("calendar restore", "done") { _ = try await calendar.remove(day, today: today) },
      Change("calendar restore", "unchanged") { _ = try await calendar.remove(day, today: today) },
      Change("quarantine retry", "refused") { _ = try await quarantine.retry(place.0, place.1, note: nil) },
      Change("quarantine refuse", "refused") { _ = try await quarantine.refuse(place.0, place.1, reason: "r") },
      Change("quarantine refuse", "refused") { _ = try await quarantine.refuse(place.0, place.1, reason: "") },
    ]
  }

  @Test func everyChangeAndEveryRefusalLeavesOneEntry() async throws {
    let opened = try await accounts.create(name: "A \"quoted\" holder", cash: .dollars(10))
    #expect(try await entries().map(\.action) == ["account create"])
    for (number, change) in try changes(.id(opened.id), opened.key.id).enumerated() {
      var refused = false
      do { try await change.run() } catch { refused = true }
      let all = try await entries()
      #expect(all.count == number + 2, "\(change.action) \(change.outcome)")
      let last = try #require(all.last)
      #expect(last.action == change.action && last.actor == "ann@desk")
      #expect(last.outcome.hasPrefix(change.outcome), "\(last)")
      #expect(refused == (change.outcome == "refused") && last.outcome.hasPrefix("refused: ") == refused, "\(last)")
    }
    let everything = try await entries().map { "\($0)" }.joined()
    #expect(!everything.contains(opened.key.secret))
    #expect(try await AdministrationDatabase.disagreements(url) == 0)
  }

  /// The first cut lets the commit through, the second does not.
  @Test(arguments: [1, 2]) func aCommitWhoseAnswerWasLostLeavesOneEntry(cuts: Int) async throws {
    let server = try await ScratchPostgres()
    var connection = try server.connect()
    _ = try Migrator.run(&connection, shards: 1, makesRoles: true)
    let proxy = try CuttingProxy(server: server.directory, query: "COMMIT")
    defer { proxy.shut() }
    let url = server.url(host: proxy.host)
    let session = AdministrationDatabase.session(url)
    let office = AccountAdministration(session: session, actor: actor)
    let account = AccountName.number(try await office.create(name: "A", cash: .zero).number)
    proxy.arm(cuts: cuts)
    _ = try await office.deposit(.dollars(5), to: account, reference: "r")
    #expect(proxy.cuts == cuts)
    let log = try await AdminLog(session: session).list(AdminLogQuestion(prefix: "account deposit", limit: 10))
    #expect(log.map(\.outcome) == ["done"])
    #expect(try await office.show(account).account.cash == .dollars(5))
  }

  @Test(arguments: [
    "UPDATE admin_log SET actor = 'nobody'", "DELETE FROM admin_log", "TRUNCATE admin_log",
    "SET session_replication_role = replica; DELETE FROM admin_log",
  ])
  func nobodyChangesOrRemovesAnEntry(_ sql: String) async throws {
    _ = try await accounts.create(name: "A", cash: .zero)
    let before = try await entries()
    await #expect(throws: PostgresError.self) {
      try await AdministrationDatabase.owner(url).use { (connection) throws(PostgresError) in
        try connection.execute(sql)
      }
    }
    #expect(try await entries() == before)
  }

  @Test func theLatestAreListedOfAnAccountAnActionAndATime() async throws {
    let first = try await accounts.create(name: "A", cash: .zero)
    let second = try await accounts.create(name: "B", cash: .zero)
    _ = try await accounts.deposit(.dollars(1), to: .number(first.number), reference: nil)
    _ = try await accounts.deposit(.dollars(2), to: .id(second.id), reference: nil)
    try await accounts.revokeKey(first.key.id)
    for name in [AccountName.id(first.id), .number(first.number)] {
      #expect(
        try await entries(account: name).map(\.action) == ["account create", "account deposit", "account keys revoke"])
    }
    #expect(try await entries(prefix: "account d").map(\.target) == ["\(first.number)", "\(second.id)"])
    #expect(try await entries(limit: 2).map(\.action) == ["account deposit", "account keys revoke"])
    let last = try #require(try await entries().last)
    #expect(try await entries(since: last.at) == [last])
    #expect(try await entries(since: last.at.advanced(byMicroseconds: 1)).isEmpty)
    await #expect(throws: AdministrationError.refused("there is no account 7")) {
      _ = try await entries(account: .number(AccountNumber(rawValue: 7)))
    }
  }

  @Test func namesOfActorsAreBounded() {
    for text in ["", "a\nb", "a\u{1B}[2J", String(repeating: "x", count: 201), "a\0"] {
      #expect(AdminActor(text) == nil)
    }
    #expect(AdminActor(String(repeating: "x", count: 200)) != nil)
    #expect(AdminActor.process.text.contains("@"))
    #expect(AdminActor.adminEndpoint(of: "worker-1", peer: "::1").text == "admin endpoint of worker-1 from ::1")
  }

  @Test func longAndStrangeTextsAreKeptAsFarAsTheyCanBe() {
    let action = AdminAction("x", target: "a\0b", ["text": String(repeating: "é", count: 2_000), "none": nil])
    #expect(action.target == "a\u{FFFD}b")
    #expect(action.arguments == #"{"text":"\#(String(repeating: "é", count: 500))…"}"#)
  }
}
