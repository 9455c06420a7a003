internal import AdminAPI
internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding

/// `buttonwood status`: what is wrong, and how the fleet stands.
enum StatusCommand {
  private static let name = "buttonwood status"
  /// How often `--watch` looks.
  private static let interval = Duration.seconds(1)
  /// How long `--check` goes on looking at what may be passing, and how often.
  private static let checkLimit = Duration.seconds(5)
  private static let checkInterval = Duration.milliseconds(500)

  /// Runs the command and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name,
      """
      Shows what is wrong, then workers and shards: who owns what, how far it has come, how many workers are wanted. It \
      answers within seconds, whatever is away.
      """, arguments)
    let connections = ConnectionOptions(&line)
    let watches = line.flag("watch", help: "Looks again every second until interrupted.")
    let checks = line.flag(
      "check",
      help:
        "Shows what is wrong and nothing else; exit status 1 when an error is among it. What may be passing, such as a "
        + "shard that changes hands, is watched for some seconds first.")
    let printsJSON = line.json()
    if checks && watches { line.mistake("--check and --watch exclude each other") }
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    let poll = Poll(connections)
    if checks { return await check(poll, asJSON: printsJSON) }
    var memory = FindingMemory()
    while true {
      let status = await show(
        poll, &memory, asJSON: printsJSON, clears: watches && !printsJSON && Console.Stream.output.isTerminal)
      guard watches else { return status }
      do { try await Task.sleep(for: interval) } catch { return status }
    }
  }

  /// What is looked at, and how.
  private struct Poll {
    let health: FleetHealthInquiry
    let fleet: FleetInquiry

    init(_ connections: ConnectionOptions) {
      let clock = SteadyClock()
      let stores = FleetStores(status: connections)
      health = stores.health(now: { clock.now })
      fleet = stores.fleet("operator")
    }
  }

  private static func show(_ poll: Poll, _ memory: inout FindingMemory, asJSON: Bool, clears: Bool) async -> Int32 {
    let health = await poll.health.health()
    let findings = memory.judge(health)
    if clears { Console.write("\u{1B}[H\u{1B}[J") }
    guard let fleet = poll.fleet.status(of: health) else {
      Console.write(asJSON ? json(findings) : FleetText.findings(findings))
      return CommandLineTool.fail(name, "the shards cannot be read: \(fault(health))")
    }
    Console.write(asJSON ? json(fleet, findings) : FleetText.findings(findings) + "\n" + FleetText.text(fleet))
    return 0
  }

  private static func check(_ poll: Poll, asJSON: Bool) async -> Int32 {
    var memory = FindingMemory()
    let end = ContinuousClock.now + checkLimit
    while true {
      let health = await poll.health.health()
      let findings = memory.judge(health)
      if memory.isUndecided(health, findings), ContinuousClock.now < end {
        try? await Task.sleep(for: checkInterval)
        continue
      }
      Console.write(asJSON ? json(findings) : FleetText.findings(findings))
      return findings.contains { $0.severity == .error } ? 1 : 0
    }
  }

  /// Why the shards could not be read.
  private static func fault(_ health: FleetHealth) -> String {
    if let complaint = (try? health.ledger.get())?.schema.complaint { return complaint }
    if case .failure(let error) = health.shards { return error.description }
    return "no reason was given"
  }

  private static func json(_ findings: [Finding]) -> String {
    var writer = JSONWriter()
    writer.findingsObject(findings)
    return writer.line
  }

  private static func json(_ fleet: FleetStatus, _ findings: [Finding]) -> String {
    var writer = JSONWriter()
    writer.fleet(fleet, findings: findings)
    return writer.line
  }
}
