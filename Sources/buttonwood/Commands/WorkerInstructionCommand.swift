internal import Lifecycle
internal import Ports
internal import Services
internal import Sharding

/// `buttonwood worker drain` and `resume`: what an operator tells a running worker.
enum WorkerInstructionCommand {
  /// How often it is looked how far a worker has come.
  private static let interval = Duration.milliseconds(100)

  /// `buttonwood worker drain`.
  static func drain(_ arguments: [String]) async -> Int32 {
    await run(
      .drain, "buttonwood worker drain",
      """
      Lets a running worker hand its shards to the others and take none until it is told to resume or ends. Shards that \
      nobody else can take stay with it.
      """, arguments)
  }

  /// `buttonwood worker resume`.
  static func resume(_ arguments: [String]) async -> Int32 {
    await run(
      .resume, "buttonwood worker resume", "Lets a worker that was drained take shards again.", arguments)
  }

  private static func run(
    _ order: WorkerInstruction, _ name: String, _ summary: String, _ arguments: [String]
  ) async -> Int32 {
    var line = CommandLineOptions(name, summary, arguments)
    let redis = ConnectionOptions.redis(&line)
    let patience = line.duration(
      "wait", default: .seconds(60), in: .zero...(.seconds(3_600)),
      help: "How long to wait until it is done; 0 only leaves word.")
    let id = line.argument("ID", help: "The worker's name, as \"buttonwood status\" shows it.")
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    let fleet = CommandLineTool.fleet(redis)
    do throws(StreamError) {
      let worker = WorkerID(rawValue: id)
      guard try await fleet.instruct(worker, order) != nil else {
        let names = try await fleet.workers().map(\.worker.rawValue)
        let known = names.isEmpty ? "no worker is running" : "there are \(names.joined(separator: ", "))"
        return CommandLineTool.fail(name, "there is no worker \(id); \(known)")
      }
      if patience == .zero {
        Console.write("\(id) is told to \(order.rawValue)\n")
        return 0
      }
      return try await wait(for: worker, order, patience, fleet, name)
    } catch {
      return CommandLineTool.fail(name, error.reason)
    }
  }

  private static func wait(
    for worker: WorkerID, _ order: WorkerInstruction, _ patience: Duration, _ fleet: FleetOperator, _ name: String
  ) async throws(StreamError) -> Int32 {
    let deadline = ContinuousClock().now.advanced(by: patience)
    var left: Int?
    while ContinuousClock().now < deadline {
      guard let heartbeat = try await fleet.find(worker) else {
        return CommandLineTool.fail(name, "\(worker) has ended")
      }
      switch (order, heartbeat.state) {
      case (.drain, .drained):
        Console.write("\(worker) is drained\n")
        return 0
      case (.resume, .active):
        Console.write("\(worker) is active\n")
        return 0
      default: break
      }
      if order == .drain, left != heartbeat.loads.count {
        left = heartbeat.loads.count
        Console.write("\(worker) has \(heartbeat.loads.count) shards left\n", to: .error)
      }
      try? await Task.sleep(for: interval)
    }
    return CommandLineTool.fail(
      name,
      "\(worker) is not done after \(SpanText.format(patience)); it goes on by itself (buttonwood status shows it)")
  }
}
