package import Market
package import Ports
internal import Redis

/// Lets go of what Redis holds of another restoration of the database.
package struct RedisRestoration: StreamRestoration {
  private let client: RedisClient

  /// Works over a connection of its own.
  package init(_ settings: RedisStoreSettings) { client = settings.client(for: "restored") }

  package func forget(_ shards: [Shard]) async throws(StreamError) -> Int64 {
    try await streamErrors { () async throws(RedisError) in
      let lengths = try await client.send(shards.map { RedisCommand("XLEN", Keys.orders($0)) })
      // A key of another type is deleted as well, and has no entries.
      let entries = lengths.reduce(Int64(0)) { sum, reply in
        if case .integer(let count) = reply { sum &+ count } else { sum }
      }
      let keys = shards.flatMap { [Keys.orders($0), Keys.market($0), Keys.marketMark($0)] }
      for reply in try await client.send(keys.map { RedisCommand("DEL", $0) }) { _ = try reply.accepted() }
      return entries
    }
  }
}
