import Lifecycle
import TestKit

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

/// Runs blocking work on several threads at the same moment; results in their order.
func atOnce<Result: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) async -> [Result] {
  await withTaskGroup(of: (Int, Result).self) { group in
    for index in 0..<count { group.addTask { (index, await onThread { body(index) }) } }
    var results: [(Int, Result)] = []
    for await result in group { results.append(result) }
    return results.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
