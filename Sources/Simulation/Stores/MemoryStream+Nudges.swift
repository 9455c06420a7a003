package import Market
package import Ports

extension MemoryStream: EventWakeUps {
  package func notify(_ accounts: [AccountNumber]) async throws(StreamError) {
    if redis.isFull { throw Self.full }
    let weather = environment.redis
    let copies = environment.happens(weather.nudgesLost) ? 0 : environment.happens(weather.nudgesDoubled) ? 2 : 1
    try await call { state in for _ in 0..<copies { state.notify(accounts) } }
    redis.wake(.wakeUps)
  }

  /// From the end on; behind a wipe from the beginning, whatever came meanwhile.
  package func follow(_ instructed: @escaping @Sendable ([AccountNumber]) async -> Void) async {
    var place: UInt64?
    while !Task.isCancelled {
      do throws(StreamError) {
        let seen = place
        let (end, accounts) = try await call { state -> (UInt64, [AccountNumber]) in
          let last = state.wakeUps.last?.number ?? 0
          guard let seen else { return (last, []) }
          let start = seen > last ? 0 : seen
          return (last, state.wakeUps.filter { $0.number > start }.flatMap(\.accounts))
        }
        place = end
        if accounts.isEmpty { await redis.wait(for: .wakeUps, .seconds(2)) } else { await instructed(accounts) }
      } catch {
        guard !process.isBuried else { return }
        try? await Task.sleep(for: .milliseconds(250))
      }
    }
  }
}
