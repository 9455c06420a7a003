internal import Lifecycle
public import Market
public import Ports

/// Something about a store that an operator wants to know.
public enum PortTrouble: Sendable {
  /// A use failed.
  case failed(PortUse, Shard?, any PortError)
  /// It goes again, after so many failures in a row.
  case over(PortUse, Shard?, failures: Int)
}

/// Where the loops of a process hand in the errors of stores: every one is told, and the first success after them.
///
/// It decides nothing; how long to wait is ``PortRetry``'s.
public final class PortTroubles: Sendable {
  private struct Key: Hashable {
    var use: PortUse
    var shard: Shard?
  }

  private let failures = Lock<[Key: Int]>([:])
  private let report: @Sendable (PortTrouble) -> Void

  /// - Parameter report: Hears everything at once; must not block.
  public init(report: @escaping @Sendable (PortTrouble) -> Void) { self.report = report }

  /// A use failed.
  public func failed(_ use: PortUse, of shard: Shard? = nil, _ error: any PortError) {
    failures.withLock { $0[Key(use: use, shard: shard), default: 0] += 1 }
    report(.failed(use, shard, error))
  }

  /// A use went well.
  public func succeeded(_ use: PortUse, of shard: Shard? = nil) {
    if let count = failures.withLock({ $0.isEmpty ? nil : $0.removeValue(forKey: Key(use: use, shard: shard)) }) {
      report(.over(use, shard, failures: count))
    }
  }

  /// Runs something that nothing depends on: its error is told, and that is all.
  /// - Returns: What it gave; nil when it failed.
  public func attempt<Value, Failure: PortError>(
    _ use: PortUse, of shard: Shard? = nil, _ body: () async throws(Failure) -> Value,
    isolation: isolated (any Actor)? = #isolation
  ) async -> Value? {
    do throws(Failure) {
      let value = try await body()
      succeeded(use, of: shard)
      return value
    } catch {
      failed(use, of: shard, error)
      return nil
    }
  }
}
