import JSON
import Lifecycle
import Postgres
import TestKit
import Testing

/// An exchange with a gateway, seen by two accounts that trade one symbol, and by an operator.
struct TradingFloor {
  let stack: ScratchStack
  let gateway: ScratchGateway
  let symbol = "S3"

  /// - Parameter options: Settings of the gateway.
  init(options: [String] = []) async throws {
    stack = try await ScratchStack()
    gateway = try await stack.startGateway(.init(options: options))
  }

  func place(
    _ account: Int, _ side: String, _ quantity: Int, at price: Int, timeInForce: String = "day"
  ) async throws -> String {
    let answer = await send(account, side, quantity, at: price, timeInForce: timeInForce)
    return try #require(answer?.text("id"), "\(String(describing: answer))")
  }

  func send(
    _ account: Int, _ side: String, _ quantity: Int, at price: Int, timeInForce: String = "day"
  ) async -> HTTPCaller.Answer? {
    let body = """
      {"symbol":"\(symbol)","qty":"\(quantity)","side":"\(side)","type":"limit","time_in_force":"\(timeInForce)","limit_price":"\(price)"}
      """
    return await onThread { [gateway] in gateway.caller(account: account).call("POST", "/v2/orders", body) }
  }

  func shown(_ id: String, of account: Int) async -> HTTPCaller.Answer? {
    await onThread { [gateway] in gateway.caller(account: account).call("GET", "/v2/orders/\(id)") }
  }

  /// Waits until everything in the logs has been carried out.
  func settle() async throws {
    for _ in 0..<1_500 {
      var connection = try stack.postgres.connect()
      let rows = try connection.query(
        PostgresCall(
          .init(
            "behind",
            """
            SELECT count(*) FROM shard_logs JOIN shard_cursors USING (shard) WHERE last_sequence > processed_sequence
            """)))
      if rows.int8(0, 0) == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("commands are not carried out within 30 s")
  }

  func operate(_ arguments: String...) async throws {
    let done = try await stack.run(arguments)
    #expect(done.status == 0, "\(done.text)")
  }
}
