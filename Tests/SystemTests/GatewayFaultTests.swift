import Glibc
import Lifecycle
import TestKit
import Testing

extension FaultTests {
  struct GatewayFaults {
    @Test(arguments: ["accept.committed:40", "accept.answered:40"])
    func whatAGatewayCommittedBeforeItDiedIsMatched(killPoint: String) async throws {
      let trial = try await FaultTrial(gateways: 2, gatewayKillPoint: killPoint)
      let fragile = trial.gateways[0]
      try await trial.run("gateway killed at \(killPoint)", after: .seconds(1)) {
        let status = try await fragile.process.end(within: 20)
        #expect(status == 128 + SIGKILL)
        try await Task.sleep(for: .milliseconds(500))
        // Clients that only know this gateway would be served again: it comes back at the same place.
        let again = try await trial.stack.startGateway(port: fragile.port)
        restarted.withLock { $0 = [again] }
      }
    }

    /// Keeps a gateway that was started again until the trial is over.
    private let restarted = Lock<[ScratchGateway]>([])

    @Test func aGatewayToldToStopAnswersWhatIsInFlight() async throws {
      let trial = try await FaultTrial(gateways: 2)
      let stopped = Lock<Int64>(0)
      let records = try await trial.run("gateway told to stop", after: .seconds(1)) {
        stopped.withLock { $0 = HostClock.monotonicNanoseconds() }
        let status = try await trial.gateways[0].process.stop(SIGTERM)
        #expect(status == 0)
      }
      let moment = stopped.withLock { $0 }
      #expect(records.flatMap(\.unanswered).filter { $0 < moment } == [], "sent before the signal, never answered")
    }

    @Test func badBodiesAreRefusedAndStoreNothing() async throws {
      let trial = try await FaultTrial(workers: 1)
      let statuses = await onThread {
        let caller = trial.gateways[0].caller(account: 0)
        return badBodies.map { caller.call("POST", "/v2/orders", $0.bytes)?.status }
      }
      for (body, status) in zip(badBodies, statuses) {
        #expect(
          status.map { (400..<500).contains($0) } == true, "\(body.name): \(status.map(String.init) ?? "no answer")")
      }
      try await trial.verify([])
      #expect(trial.gateways[0].process.exitStatus == nil)
    }

    @Test func clientsThatHangUpHarmNobody() async throws {
      let trial = try await FaultTrial()
      await onThread {
        let caller = trial.gateways[0].caller(account: 0)
        for number in 0..<200 {
          let body = order("hangs-\(number)", side: "buy", quantity: 1)
          caller.abandon("POST", "/v2/orders", body, after: number % 2 == 0 ? nil : number)
        }
      }
      // Answered behind what the others left, so that nothing of theirs is accepted while the books are checked.
      let status = await onThread {
        trial.gateways[0].caller(account: 0).call("POST", "/v2/orders", order("stays", side: "buy", quantity: 1))?
          .status
      }
      #expect(status == 200)
      try await trial.settle()
      try await trial.audit()
    }
  }
}

/// Bodies that no gateway may accept.
private let badBodies: [(name: String, bytes: [UInt8])] = {
  func with(_ field: String, _ value: String) -> [UInt8] {
    Array(
      order("bad", side: "buy", quantity: 1).replacing("\"\(field)\":", with: "\"\(field)\":\(value),\"was\":").utf8)
  }
  let good = Array(order("bad", side: "buy", quantity: 1).utf8)
  let name = good.firstRange(of: Array("bad".utf8))!
  return [
    ("no body", []), ("no object", Array("[]".utf8)), ("cut off", Array(good.dropLast(3))),
    ("trailing text", good + Array("x".utf8)),
    ("invalid UTF-8", Array(good[..<name.lowerBound]) + [0xFF, 0xFE] + good[name.upperBound...]),
    ("overlong UTF-8", Array(good[..<name.lowerBound]) + [0xC0, 0x80] + good[name.upperBound...]),
    ("U+0000 escaped", with("client_order_id", "\"a\\u0000b\"")),
    ("lone surrogate", with("client_order_id", "\"a\\ud800b\"")),
    ("raw control character", Array(good[..<name.lowerBound]) + [0] + good[name.upperBound...]),
    ("nested 100,000 deep", Array(repeating: UInt8(ascii: "["), count: 100_000)),
    (
      "5 MB",
      Array(good.dropLast()) + Array(",\"pad\":\"".utf8) + Array(repeating: UInt8(ascii: "a"), count: 5_000_000)
        + Array("\"}".utf8)
    ),
    ("name of 10,000 characters", with("client_order_id", "\"\(String(repeating: "n", count: 10_000))\"")),
    ("negative quantity", with("qty", "\"-1\"")), ("no quantity", with("qty", "\"0\"")),
    ("huge quantity", with("qty", "\"99999999999999999999999999999999\"")),
    ("huge exponent", with("qty", "1e999999999")), ("fraction of a share", with("qty", "\"0.5\"")),
    ("price off the grid", with("limit_price", "\"100.001\"")),
    ("huge price", with("limit_price", "\"922337203685477580700\"")),
    ("not a number", with("limit_price", "\"NaN\"")), ("unknown side", with("side", "\"steal\"")),
    ("unknown symbol", with("symbol", "\"NOPE\"")), ("symbol of the wrong type", with("symbol", "{}")),
    ("unknown type", with("type", "\"magic\"")), ("SQL in a symbol", with("symbol", "\"S0'; DROP TABLE orders; --\"")),
  ]
}()

/// An order for `S0` at $100.
func order(_ name: String, side: String, quantity: Int) -> String {
  """
  {"symbol":"S0","qty":"\(quantity)","side":"\(side)","type":"limit","time_in_force":"gtc","limit_price":"100",\
  "client_order_id":"\(name)"}
  """
}

/// Runs blocking work on a thread of its own.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { done in
    startThread(name: "client") { done.resume(returning: body()) }
  }
}
