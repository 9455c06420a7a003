import Glibc
import JSON
import Lifecycle
import Postgres
import TestKit
import Testing

/// No key of one account reaches what is another's: every operation that the gateways describe, with every name.
struct IsolationTests {
  /// Who tries, whose things they are, and with whom that one trades.
  private static let (stranger, owner, other) = (0, 1, 2)

  let stack: ScratchStack
  let gateways: [ScratchGateway]
  private let worker: ChildProcess

  init() async throws {
    stack = try await ScratchStack()
    for symbol in [Belongings.symbol, Belongings.nobodysSymbol] {
      try await Self.operate(stack, "instrument", "add", symbol, "--name", symbol, "--reference-price", "10")
    }
    let account = try Self.number(of: Self.owner, stack)
    try await Self.operate(stack, "account", "grant", account, Belongings.symbol, "77")
    worker = try await stack.startWorker()
    var gateways: [ScratchGateway] = []
    let deviations = ScratchStack.Deviations(options: ["--streams-per-account", "0"])
    for _ in 0..<2 { gateways.append(try await stack.startGateway(deviations)) }
    self.gateways = gateways
    try await stack.untilOwned()
  }

  @discardableResult
  static func operate(_ stack: ScratchStack, _ words: String...) async throws -> String {
    let (status, text) = try await stack.run(words)
    guard status == 0 else { throw ChildProcess.Failure(description: "\(words) ended with \(status): \(text)") }
    return text
  }

  static func number(of account: Int, _ stack: ScratchStack) throws -> String {
    var connection = try stack.postgres.connect()
    let rows = try connection.query(
      PostgresCall(
        PostgresStatement("number", "SELECT account_id::text FROM accounts WHERE name = $1::text"),
        [.text("A\(account)")]))
    return rows.text(0, 0)
  }

  /// How the stranger proves who he is: by headers, or by HTTP Basic.
  private func caller(basic: Bool) -> HTTPCaller {
    // "K0:secret-0"
    basic
      ? HTTPCaller(port: gateways[1].port, headers: "Authorization: Basic SzA6c2VjcmV0LTA=\r\n")
      : gateways[0].caller(account: Self.stranger)
  }

  @Test func whatIsAnothersIsAnsweredLikeWhatIsNot() async throws {
    let things = try await onThread { [gateways] in
      Result {
        try Belongings(gateways[0].caller(account: Self.owner), other: gateways[1].caller(account: Self.other))
      }
    }.get()
    let description = await onThread { [gateways] in gateways[0].caller(account: 0).call("GET", "/openapi.json") }
    let operations = try DescribedOperation.all(try #require(description).body)
    #expect(operations.count > 50)
    let before = await onThread { [gateways] in Belongings.view(gateways[0].caller(account: Self.owner)) }
    for basic in [false, true] {
      let problems = await onThread { [self] in
        let caller = caller(basic: basic)
        return trespass(operations, things, caller) + useAll(operations, things, caller, basic ? 1_000 : 0)
      }
      #expect(problems.isEmpty, "\(problems.count): \(problems.prefix(10).joined(separator: "\n"))")
    }
    let after = await onThread { [gateways] in Belongings.view(gateways[0].caller(account: Self.owner)) }
    #expect(after == before)
    #expect(after.allSatisfy { !$0.isEmpty })
    // Its owner is told of each of them: the names are right, and a leak would be seen.
    let reported = await onThread { [self] in
      trespass(operations.filter { $0.method == "GET" }, things, gateways[0].caller(account: Self.owner))
    }
    for name in things.names where name != things.accountID {
      #expect(reported.contains { $0.contains(name) }, "\(name)")
    }
    try await expectSameNamesForOwnThings(things)
    #expect(try await stack.run(["audit"]).status == 0)
  }

  /// Gives each parameter of each operation each name of what is another's, and one of the same shape of what is not.
  private func trespass(
    _ operations: [DescribedOperation], _ things: Belongings, _ caller: HTTPCaller
  ) -> [String] {
    var problems: [String] = []
    for operation in operations {
      guard let body = operation.body(0) else { return ["\(operation.name): which body would it take?"] }
      for parameter in operation.parameters {
        for name in things.names {
          let targets = [name, Belongings.absent(name)].map { operation.target([parameter.name: $0]) }
          let answers = targets.map { caller.call(operation.method, $0, body) }
          guard let (taken, absent) = answers.first.flatMap({ $0 }).flatMap({ a in answers.last!.map { (a, $0) } })
          else {
            problems.append("\(operation.method) \(targets[0]): no answer")
            continue
          }
          let isLike =
            taken.status == absent.status
            && (taken.status < 300
              || taken.body.replacing(name, with: "§") == absent.body.replacing(Belongings.absent(name), with: "§"))
          if !isLike { problems.append("\(operation.method) \(targets[0]): \(taken.body), absent: \(absent.body)") }
          problems += leaks(taken, targets[0], things).map { "\(operation.method) \(targets[0]) tells \($0)" }
        }
      }
    }
    return problems
  }

  /// Does everything that can be done without naming what is another's.
  private func useAll(
    _ operations: [DescribedOperation], _ things: Belongings, _ caller: HTTPCaller, _ number: Int
  ) -> [String] {
    var problems: [String] = []
    for (index, operation) in operations.enumerated() {
      let target = operation.target()
      guard let answer = caller.call(operation.method, target, operation.body(number + index) ?? "") else {
        problems.append("\(operation.method) \(target): no answer")
        continue
      }
      if answer.status >= 500 || answer.status == 401 { problems.append("\(operation.method) \(target): \(answer)") }
      problems += leaks(answer, target, things).map { "\(operation.method) \(target) tells \($0)" }
    }
    return problems
  }

  /// What an answer tells of another's that its request did not.
  private func leaks(_ answer: HTTPCaller.Answer, _ target: String, _ things: Belongings) -> [String] {
    things.secrets.filter { !target.contains($0) && (answer.body.contains($0) || answer.head.contains($0)) }
  }

  /// The same names are free for everybody's own things, and lead each to his own.
  private func expectSameNamesForOwnThings(_ things: Belongings) async throws {
    let body = """
      {"symbol":"S1","qty":"5","side":"buy","type":"limit","time_in_force":"gtc","limit_price":"1",\
      "client_order_id":"\(things.clientOrderID)"}
      """
    let (first, again, owners, list, ownersList) = await onThread { [gateways] in
      let caller = gateways[1].caller(account: Self.stranger)
      let owner = gateways[0].caller(account: Self.owner)
      let first = caller.call("POST", "/v2/orders", body, idempotencyKey: things.idempotencyKey)
      let again = caller.call("POST", "/v2/orders", body, idempotencyKey: things.idempotencyKey)
      let owners = owner.call("POST", "/v2/orders", body, idempotencyKey: things.idempotencyKey)
      let list = caller.call(
        "POST", "/v2/watchlists", #"{"name":"\#(things.watchlistName)","symbols":["S4"]}"#)
      let ownersList = owner.call("GET", "/v2/watchlists:by_name?name=\(things.watchlistName)")
      return (first, again, owners, list, ownersList)
    }
    #expect(first?.status == 200 && first?.text("id") != things.openOrder, "\(String(describing: first))")
    #expect(again?.text("id") == first?.text("id"))
    #expect(owners?.status == 200 && owners?.text("id") == things.openOrder, "\(String(describing: owners))")
    #expect(list?.status == 200 && list?.text("id") != things.watchlist, "\(String(describing: list))")
    #expect(ownersList?.text("id") == things.watchlist)
  }

  /// Reading on from another's event leads to one's own.
  @Test func streamsReportOnlyOnesOwn() async throws {
    let things = try await onThread { [gateways] in
      Result {
        try Belongings(gateways[0].caller(account: Self.owner), other: gateways[1].caller(account: Self.other))
      }
    }.get()
    let (event, placed) = try await onThread { [gateways] in
      Result {
        func follow(_ account: Int, _ query: String) throws -> EventStreamCaller {
          try EventStreamCaller(
            port: gateways[0].port, path: "/v2/events/trades?\(query)",
            headers: "APCA-API-KEY-ID: K\(account)\r\nAPCA-API-SECRET-KEY: secret-\(account)\r\n")
        }
        let theirs = try follow(Self.owner, "since=2020-01-01T00:00:00Z").next()
        let own = try follow(Self.stranger, "since_id=\(theirs.id)")
        let placed = gateways[1].caller(account: Self.stranger).call(
          "POST", "/v2/orders", order("mine", side: "buy", quantity: 1))
        return (try own.next(), placed?.text("id"))
      }
    }.get()
    #expect(event.data.contains(try #require(placed)), "\(event)")
    #expect(things.secrets.allSatisfy { !event.data.contains($0) })
  }

  @Test func aKeyThatOnlyReadsChangesNothing() async throws {
    let number = try Self.number(of: Self.owner, stack)
    let made = try await Self.operate(
      stack, "account", "keys", "create", "--role", "read-only", "--json", number)
    let key = try JSONDocument(Array(made.utf8)).root
    let (id, secret) = (try #require(key["key_id"]?.string), try #require(key["secret"]?.string))
    let (problems, before, after) = try await onThread { [gateways] in
      Result {
        let owner = gateways[0].caller(account: Self.owner)
        let things = try Belongings(owner, other: gateways[1].caller(account: Self.other))
        let before = Belongings.view(owner)
        let reader = HTTPCaller(port: gateways[1].port, key: id, secret: secret)
        var problems: [String] = []
        for operation in try DescribedOperation.all(owner.call("GET", "/openapi.json")?.body ?? "") {
          let target = operation.target([
            "order_id": things.openOrder, "watchlist_id": things.watchlist, "name": things.watchlistName,
          ])
          let answer = reader.call(operation.method, target, operation.body(0) ?? "")
          let isRefused = answer?.status == 403 && answer?.body.contains("read") == true
          if isRefused == (operation.method == "GET") {
            problems.append("\(operation.method) \(target): \(String(describing: answer))")
          }
        }
        return (problems, before, Belongings.view(owner))
      }
    }.get()
    #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    #expect(before == after)
  }

  @Test func aRevokedKeyIsRefusedByAllGatewaysAtOnce() async throws {
    let number = try Self.number(of: Self.owner, stack)
    let made = try await Self.operate(stack, "account", "keys", "create", "--json", number)
    let key = try JSONDocument(Array(made.utf8)).root
    let (id, secret) = (try #require(key["key_id"]?.string), try #require(key["secret"]?.string))
    func statuses(_ method: String, _ path: String, _ body: String) async -> [Int?] {
      await atOnce(2) { [gateways] index in
        HTTPCaller(port: gateways[index].port, key: id, secret: secret).call(method, path, body)?.status
      }
    }
    // Both gateways remember the key.
    #expect(await statuses("GET", "/v2/account", "") == [200, 200])
    try await Self.operate(stack, "account", "keys", "revoke", id)
    #expect(await statuses("POST", "/v2/orders", order("late", side: "buy", quantity: 1)) == [401, 401])
    #expect(await statuses("GET", "/v2/account", "") == [401, 401])
    let left = await onThread { [gateways] in gateways[0].caller(account: Self.owner).call("GET", "/v2/account")?.status
    }
    #expect(left == 200)
  }
}
