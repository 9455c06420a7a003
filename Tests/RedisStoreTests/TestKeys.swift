import Lifecycle
import Ports

@testable import RedisStore

/// Keys that a test changes at will.
final class TestKeys: StreamKeyReader {
  private let state: Lock<(keys: Result<[StreamKey], StoreError>, readings: Int)>

  init(_ ids: [Int32] = [1]) { state = Lock((.success(ids.map(Self.key)), 0)) }

  /// The key of a number, the same in every test.
  static func key(_ id: Int32) -> StreamKey {
    StreamKey(id: id, secret: (0..<StreamKey.secretBytes).map { UInt8($0) ^ UInt8(truncatingIfNeeded: id) })
  }

  static func ready(_ ids: [Int32] = [1]) -> StreamKeys { StreamKeys(ids.map(key), reading: 1) }

  func set(_ ids: [Int32]) { state.withLock { $0.keys = .success(ids.map(Self.key)) } }
  func fail() { state.withLock { $0.keys = .failure(.unavailable(reason: "away")) } }
  var readings: Int { state.withLock { $0.readings } }

  func streamKeys() async throws(StoreError) -> [StreamKey] {
    try state.withLock { state in
      state.readings += 1
      return state.keys
    }.get()
  }
}

extension StreamKeyring {
  /// Keys that stay.
  static var fixed: StreamKeyring { StreamKeyring(TestKeys()) { _ in } }
}

extension RedisOrderStream {
  convenience init(_ settings: RedisStoreSettings) { self.init(settings, keyring: .fixed) }
}
