import JSON
import Lifecycle
import Market
import Testing

@testable import LabKit

struct SystemLoadTests {
  private func plan(seed: UInt64) -> LoadPlan {
    LoadPlan(
      symbols: [Symbol("A")!, Symbol("B")!], accounts: AccountSpread(accounts: 4)!,
      mix: .init(marketable: 20, cancels: 30), run: "t", seed: seed)
  }

  @Test func sameSeedAndAnswersGiveTheSameRequestsInTheWantedMix() {
    var plans = [plan(seed: 5), plan(seed: 5)]
    var kinds = [0, 0, 0]
    for token in 1...20_000 as ClosedRange<UInt64> {
      let requests = plans.indices.map { plans[$0].next(token: token) }
      #expect(requests[0] == requests[1])
      for index in plans.indices { plans[index].acknowledged(requests[index], as: "o\(token)") }
      switch requests[0].call {
      case .submit(let order): kinds[order.isImmediate ? 0 : 1] += 1
      case .cancel: kinds[2] += 1
      case .replace, .find, .read: Issue.record("unexpected call")
      }
    }
    #expect(abs(kinds[0] - 4000) < 300 && abs(kinds[1] - 10_000) < 300 && abs(kinds[2] - 6000) < 300)
  }

  @Test func everyOrderIsCanceledAtMostOnceByItsAccount() {
    var plan = plan(seed: 6)
    var owners: [String: Int] = [:]
    var canceled = Set<String>()
    for token in 1...5000 as ClosedRange<UInt64> {
      let request = plan.next(token: token)
      switch request.call {
      case .submit:
        owners["o\(token)"] = request.account
        plan.acknowledged(request, as: "o\(token)")
      case .cancel(let order):
        #expect(owners[order] == request.account)
        #expect(canceled.insert(order).inserted)
      case .replace, .find, .read: Issue.record("unexpected call")
      }
    }
    #expect(!canceled.isEmpty)
  }

  @Test func questionsAreAnsweredBesideOrders() async throws {
    let result = try await load(["--rate", "2000", "--duration", "300ms", "--reads", "45"])
    #expect(result.sent == 600 && result.reads > 200 && result.reads + result.orders + result.cancels <= 600)
    #expect(result.readLatency.count == UInt64(result.reads) && result.refused == 0)
  }

  @Test func openLoopSendsEverythingThatWasDue() async throws {
    let result = try await load(["--rate", "2000", "--duration", "500ms"])
    #expect(result.sent == 1000)
    #expect(result.orders + result.cancels + result.late == 1000)
    #expect(result.acceptLatency.count == UInt64(result.orders) && result.refused == 0)
    #expect(result.text.contains("orders accepted/s"))
  }

  @Test func closedLoopCountsWhatIsLost() async throws {
    let result = try await load(["--in-flight", "4", "--duration", "300ms", "--cancels", "0"], dropsEvery: 50)
    #expect(result.errors > 0 && result.unanswered == 0)
    #expect(result.orders + result.errors == result.sent)
    let json = try #require(JSONValue.read(result.json.text.utf8))
    #expect(json["sent"]?.integer == Int64(result.sent))
  }

  private func load(_ words: [String], dropsEvery: Int = 0) async throws -> SystemLoadResult {
    let gateway = FakeGateway(accounts: 3)
    gateway.state.withLock { $0.dropsEvery = dropsEvery }
    let results = Lock<[SystemLoadResult]>([])
    try await gateway.serve { url in
      var line = CommandLineOptions(
        "load", "", words + ["--url", url, "--keys", "k", "--connections", "8", "--symbols", "T,U"], environment: [:])
      let options = SystemLoadOptions(&line)
      try line.finish()
      let result = try await options.run(keys: gateway.keys) { false }
      results.withLock { $0.append(result) }
    }
    return try #require(results.withLock { $0.first })
  }
}
