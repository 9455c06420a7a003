internal import Lifecycle
public import Market
public import Ports
internal import Redis

/// Wake-ups over a few Redis Streams, chosen by account.
///
/// Who follows begins at their ends and goes on from the last entry it got. After a wipe it begins anew: entries may come
/// twice or never, which is harmless.
public final class RedisEventWakeUps: EventWakeUps {
  /// Over how many streams accounts are spread: the same for all programs of an exchange.
  static let streams = 8
  /// Accounts in one entry at most.
  private static let entryLimit = 500

  private let settings: RedisStoreSettings
  private let publisher: RedisClient

  /// Makes wake-ups; they connect at the first call.
  public init(_ settings: RedisStoreSettings) {
    self.settings = settings
    publisher = settings.client(for: "nudge")
  }

  public func notify(_ accounts: [AccountNumber]) async throws(StreamError) {
    let commands = Dictionary(grouping: accounts) { Self.stream(of: $0) }.flatMap { stream, accounts in
      stride(from: 0, to: accounts.count, by: Self.entryLimit).map { start in
        (
          key: Keys.events(stream),
          command: RedisCommand(
            "XADD", Keys.events(stream), "MAXLEN", "~", String(settings.wakeUpLength), "*", "accounts",
            accounts[start..<min(start + Self.entryLimit, accounts.count)].map(\.description).joined(separator: " "))
        )
      }
    }
    try await streamErrors { () async throws(RedisError) in
      try await publisher.append(commands, reports: settings.damage)
    }
  }

  public func follow(_ notified: @escaping @Sendable ([AccountNumber]) async -> Void) async {
    // A read that waits may name the streams of one slot of a cluster only.
    let all = (0..<Self.streams).map(Keys.events)
    let portions = if case .cluster = settings.address.deployment { all.map { [$0] } } else { [all] }
    await withTaskGroup(of: Void.self) { group in
      for portion in portions {
        let reader = WakeUpReader(settings.client(for: "follow"), portion)
        group.addTask { await reader.follow(notified) }
      }
    }
  }

  private static func stream(of account: AccountNumber) -> Int {
    Int(UInt64(bitPattern: account.rawValue) % UInt64(streams))
  }
}
