internal import Glibc
internal import Lifecycle
internal import Postgres
internal import PostgresStore
internal import Telemetry

/// What all roles share.
enum RoleOptions {
  /// How the market's hours are driven.
  enum MarketClockMode: String, CaseIterable {
    case open
  }

  /// Reads `--market-clock`.
  static func marketClock(_ line: inout CommandLineOptions) -> MarketClockMode {
    line.choice(
      "market-clock", default: MarketClockMode.open,
      help: "Who opens and closes the market. In this version it is always open.")
  }

  /// A name for connections that tells processes apart: `gateway-host-1234`.
  static func processName(_ role: String) -> String { "\(role)-\(hostName)-\(getpid())" }

  /// The host's name.
  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Keeps the coming days' tables ready: at once and every hour.
  static func keepPartitions(_ session: PostgresSession, _ log: Log) -> Task<Void, Never> {
    Task {
      while !Task.isCancelled {
        do {
          try await Partitions.ensure(session)
          await session.disconnect()
          try? await Task.sleep(for: .seconds(3600))
        } catch {
          log.warning("the coming days' tables could not be made", ["reason": "\(error)"])
          try? await Task.sleep(for: .seconds(5))
        }
      }
    }
  }
}
