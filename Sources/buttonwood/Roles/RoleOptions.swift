internal import Digest
internal import Glibc
internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding
internal import Telemetry

/// What all roles share.
enum RoleOptions {
  /// Reads `--market-clock`.
  static func marketClock(_ line: inout CommandLineOptions) -> MarketClockMode {
    line.choice(
      "market-clock", default: MarketClockMode.open,
      help: "Who opens and closes the market: nobody, it is always open; the trading calendar; an operator with "
        + "\"buttonwood market\"; or the calendar in a time that runs faster. The same for all processes: the leader's "
        + "counts.")
  }

  /// Reads how far the host's clock may be from the database's.
  static func clockBound(_ line: inout CommandLineOptions) -> Duration {
    line.duration(
      "clock-bound", default: FindingLimits().skewRefused, in: .seconds(1)...(.seconds(366 * 86_400)),
      help:
        "How far this host's clock may be from the database's; beyond it the process is not ready, and a worker claims "
        + "nothing and hands its shards over.")
  }

  /// Compares the host's clock with the database's, once it is run.
  static func clockMonitor(
    _ database: any DatabaseClock, _ bound: Duration, _ troubles: PortTroubleLog, _ log: Log, _ metrics: Metrics
  ) -> ClockMonitor {
    let monitor = ClockMonitor(
      database: database, bound: bound, troubles: troubles.ports,
      wall: { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) },
      steady: { .nanoseconds(HostClock.monotonicNanoseconds()) }
    ) { event in
      switch event {
      case .off(let skew): log.warning("this host's clock is off; look at its time service", ["clock": skew.words])
      case .refused(let skew):
        log.error(
          "this host's clock is off by more than --clock-bound: not ready; look at its time service",
          ["clock": skew.words])
      case .right: log.notice("this host's clock is right again")
      }
    }
    metrics.gauge(
      "buttonwood_clock_skew_seconds",
      help: "Whole seconds by which this host's clock is ahead of the database's; negative when behind."
    ) { [weak monitor] in
      monitor?.skew?.ahead.components.seconds
    }
    return monitor
  }

  /// Reads how the market day is directed by a worker that leads.
  static func marketDirector(_ line: inout CommandLineOptions) -> MarketDirector {
    let mode = marketClock(&line)
    let preOpen = line.duration(
      "pre-open", default: MarketSchedule.defaultPreOpen, in: .zero...(.seconds(12 * 3_600)),
      help: "How long before the opening its auction is indicated.")
    let speeds = SimulatedTime.speeds
    let speed = line.integer(
      "market-speed", default: Int(SimulatedTime.defaultSpeed), in: Int(speeds.lowerBound)...Int(speeds.upperBound),
      unit: "seconds a second", help: "How fast a simulated clock runs.")
    let start = line.optional(
      "market-start", "TIME", shown: "9:00 of the next trading day",
      expected: "a day and time in New York such as 2026-11-27T09:00",
      help: "Where a simulated clock begins when it is started for the first time."
    ) { NewYorkTime.moment($0) }
    return MarketDirector(
      mode: mode, schedule: MarketSchedule(preOpen: preOpen), speed: Int64(speed), marketStart: start)
  }

  /// A name for connections that tells processes apart: `gateway-host-1234`.
  static func processName(_ role: String) -> String { "\(role)-\(hostName)-\(getpid())" }

  /// A name for a new worker. What a host's name should not hold, and no worker's may, becomes a dash.
  static func workerID(host: String) -> WorkerID {
    let name = host.unicodeScalars.map { scalar in
      (0x21...0x7E).contains(scalar.value) && scalar != ":" ? Character(scalar) : "-"
    }
    return WorkerID(
      rawValue: "\(String(name.prefix(255)))-\(getpid())-\(String(SecureRandom.word() & 0xFFFF_FFFF, radix: 36))")
  }

  /// The host's name.
  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
