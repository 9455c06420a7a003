internal import Lifecycle
internal import Market
internal import Ports

/// Trims streams in the background, the latest position of each shard, one call at a time: a slow Redis delays no round.
final class StreamTrimmer: Sendable {
  private let stream: any OrderStream
  private let troubles: PortTroubles
  private let queue = BackgroundQueue<[Shard: StreamPosition]>()

  init(stream: any OrderStream, troubles: PortTroubles) {
    self.stream = stream
    self.troubles = troubles
  }

  func trim(_ positions: [Shard: StreamPosition]) {
    let send = { @Sendable [stream, troubles] (positions: [Shard: StreamPosition]) async in
      // What is not trimmed now is trimmed with a later position; a wiped stream has nothing to trim.
      await troubles.attempt(.trimming) { () async throws(StreamError) in try await stream.trim(positions) }
    }
    queue.add(sending: { _ = await send($0) }) { $0.merge(positions) { _, new in new } }
  }
}
