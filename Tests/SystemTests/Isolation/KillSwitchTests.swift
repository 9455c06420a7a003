import Glibc
import JSON
import Lifecycle
import Postgres
import TestKit
import Testing

/// The kill switch: an account that is blocked, and all that it had open.
struct KillSwitchTests {
  private let stack: ScratchStack
  private let gateways: [ScratchGateway]
  private let number: String

  init() async throws {
    stack = try await ScratchStack()
    var gateways: [ScratchGateway] = []
    for _ in 0..<2 { gateways.append(try await stack.startGateway()) }
    self.gateways = gateways
    number = try IsolationTests.number(of: 1, stack)
  }

  private func block(_ options: String...) async throws -> (status: Int32, text: String) {
    try await stack.run(["account", "block", "--reason", "runs wild"] + options + [number])
  }

  /// Calls of the blocked account's, by turns at both gateways.
  private func call(_ method: String, _ path: String, _ body: String = "") async -> HTTPCaller.Answer? {
    await onThread { [gateways] in gateways[body.utf8.count % 2].caller(account: 1).call(method, path, body) }
  }

  private func open() async -> Int {
    let body = await call("GET", "/v2/orders?status=open&limit=500")?.body ?? ""
    return body.split(separator: #""client_order_id""#).count - 1
  }

  private func placeMany() async throws -> String {
    let resting = try await onThread { [gateways] in
      Result {
        let caller = gateways[0].caller(account: 1)
        for number in 0..<40 {
          let answer = caller.call("POST", "/v2/orders", order("rest-\(number)", side: "buy", quantity: 1))
          _ = try Belongings.need(answer?.status == 200 ? 1 : nil, answer)
        }
        let bracket = caller.call(
          "POST", "/v2/orders",
          """
          {"symbol":"S3","qty":"4","side":"buy","type":"limit","time_in_force":"gtc","limit_price":"1",\
          "order_class":"bracket","take_profit":{"limit_price":"150"},"stop_loss":{"stop_price":"0.5"}}
          """)
        return try Belongings.need(bracket?.status == 200 ? bracket?.text("id") : nil, bracket)
      }
    }.get()
    #expect(await open() == 43)
    return resting
  }

  @Test func blockedAccountsOnlyLookCancelAndFollow() async throws {
    let worker = try await stack.startWorker()
    defer { worker.signal(SIGTERM) }
    try await stack.untilOwned()
    let resting = try await placeMany()
    #expect(try await block().status == 0)
    // Streams that were open end with the block; who opens one now may follow.
    let follower = try await onThread { [gateways] in
      Result {
        let socket = try StreamSocket(port: gateways[0].port)
        socket.send(
          """
          GET /v2/events/trades HTTP/1.1\r\nHost: x\r\nAPCA-API-KEY-ID: K1\r\nAPCA-API-SECRET-KEY: secret-1\r\n\r\n
          """)
        _ = try socket.receive(until: ": caught up\n\n")
        return socket
      }
    }.get()
    for name in ["a", "bb"] {
      let placed = await call("POST", "/v2/orders", order(name, side: "buy", quantity: 1))
      #expect(placed?.status == 403, "\(String(describing: placed))")
      let replaced = await call("PATCH", "/v2/orders/\(resting)", #"{"qty":"2","client_order_id":"\#(name)"}"#)
      #expect(replaced?.status == 403, "\(String(describing: replaced))")
    }
    #expect(await call("DELETE", "/v2/orders/\(resting)")?.status == 204)
    let reported = try await onThread { Result { try follower.receive(until: "\n\n") } }.get()
    #expect(reported.contains(resting) || reported.contains("canceled"), "\(reported)")
    let shown = try await IsolationTests.operate(stack, "account", "show", number)
    #expect(shown.contains("blocked") && shown.contains("runs wild"))
    try await IsolationTests.operate(stack, "account", "unblock", "--reason", "calm again", number)
    #expect(await call("POST", "/v2/orders", order("again", side: "buy", quantity: 1))?.status == 200)
    #expect(try await !IsolationTests.operate(stack, "account", "show", number).contains("runs wild"))
  }

  @Test func theKillSwitchLeavesNothingOpen() async throws {
    let worker = try await stack.startWorker()
    defer { worker.signal(SIGTERM) }
    try await stack.untilOwned()
    _ = try await placeMany()
    let (status, text) = try await block("--cancel-all", "--json")
    #expect(status == 0, "\(text)")
    let orders = try JSONDocument(Array(text.utf8)).root["orders"]
    #expect(orders?["open"]?.integer == 0 && orders?["cancelled"]?.integer == 43, "\(text)")
    #expect(await open() == 0)
    let again = try await block("--cancel-all")
    #expect(again.status == 0 && again.text.contains("no order was open"), "\(again.text)")
    let log = try await IsolationTests.operate(stack, "log", "--account", number, "--json")
    let actions = try JSONDocument(Array(log.utf8)).root.array?.compactMap { $0["action"]?.string }
    #expect(actions == ["account block", "account cancel-orders", "account block", "account cancel-orders"])
    #expect(try await stack.run(["audit"]).status == 0)
  }

  /// Cancels are durable: the command says what is open, and workers that come back close it.
  @Test func whatNoWorkerCancelsNowIsCanceledLater() async throws {
    _ = try await placeMany()
    let first = try await block("--cancel-all", "--wait", "300ms")
    #expect(first.status == 1 && first.text.contains("43 orders are open"), "\(first.text)")
    #expect(try await block("--cancel-all", "--wait", "0s").status == 1)
    let worker = try await stack.startWorker()
    defer { worker.signal(SIGTERM) }
    for _ in 0..<500 where await open() > 0 { try await Task.sleep(for: .milliseconds(20)) }
    #expect(await open() == 0)
    #expect(try await stack.run(["audit"]).status == 0)
  }
}
