internal import Lifecycle
internal import Market
internal import Ports

/// Trims streams in the background, the latest position of each shard, one call at a time: a slow Redis delays no round.
final class StreamTrimmer: Sendable {
  private struct State {
    var positions: [Shard: StreamPosition] = [:]
    var isWorking = false
  }

  private let stream: any OrderStream
  private let state = Lock(State())

  private let troubles: PortTroubles

  init(stream: any OrderStream, troubles: PortTroubles) {
    self.stream = stream
    self.troubles = troubles
  }

  func trim(_ positions: [Shard: StreamPosition]) {
    let begins = state.withLock { state in
      state.positions.merge(positions) { _, new in new }
      defer { state.isWorking = true }
      return !state.isWorking
    }
    if begins { Task { await work() } }
  }

  private func work() async {
    while true {
      let positions = state.withLock { state in
        let positions = state.positions
        state.positions = [:]
        state.isWorking = !positions.isEmpty
        return positions
      }
      guard !positions.isEmpty else { return }
      // What is not trimmed now is trimmed with a later position; a wiped stream has nothing to trim.
      await troubles.attempt(.trimming) { () async throws(StreamError) in try await stream.trim(positions) }
    }
  }
}
