public import Ports
internal import Redis

/// Asks Redis whether it is there.
public struct RedisProbe: StoreProbe {
  private let client: RedisClient

  /// Makes a probe; it connects at its first call.
  public init(_ settings: RedisStoreSettings) { client = settings.client(for: "probe") }

  /// A full or read-only server answers: what it refuses, it refuses to who asks for it. A full disk makes it refuse even
  /// this.
  public func ask() async -> String? {
    do throws(StreamError) {
      try await streamErrors { () async throws(RedisError) in _ = try await client.send(RedisCommand("PING")) }
      return nil
    } catch {
      return error.reason
    }
  }
}
