internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import Services

/// `buttonwood restored`: the last step of every restore.
enum RestoredCommand {
  private static let name = "buttonwood restored"

  /// Runs the command and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name,
      """
      The last step of every restore of the database, from a dump or from a copy of its files: says that the log numbers \
      which were given out behind the backup will be given out again. It gives the database's history a new name, so that \
      nothing which Redis still holds from before is carried out; takes all shards from their owners, who read them anew; \
      and deletes the shards' streams in Redis. Gateways and workers may be running; stopped, they start on what is there. \
      Run it again whenever in doubt: nothing that was accepted is lost by it.
      """, arguments)
    let url = line.databaseURL()
    let address = ConnectionOptions.redis(&line)
    let actor = line.actor()
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let (report, redis) = try await CommandLineTool.restoration(url, address, actor: actor).restored()
      Console.write(printsJSON ? json(report, redis) : text(report, redis))
    }
  }

  private static func text(_ report: RestorationReport, _ redis: RestorationService.Clearing) -> String {
    var lines = [
      "the database's history is now called \(report.timeline.rawValue)",
      "\(report.shards.count) shards are taken from their owners; \(report.backlog) accepted commands wait to be settled",
    ]
    switch redis {
    case .cleared(let entries): lines.append("the shards' streams in Redis are deleted, \(entries) entries with them")
    case .unreachable(let reason):
      lines.append(
        "Redis could not be cleared (\(reason)): that is safe, workers refuse and report what it still holds")
    }
    lines += [
      "next: start gateways and workers if they are stopped, then run \"buttonwood audit\" and \"buttonwood status\"; "
        + "clients must be told that what was acknowledged after the backup was made is gone"
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func json(_ report: RestorationReport, _ redis: RestorationService.Clearing) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("history")
    writer.string(String(report.timeline.rawValue))
    writer.key("shards")
    writer.integer(Int64(report.shards.count))
    writer.key("unsettled")
    writer.integer(report.backlog)
    writer.key("redis_cleared")
    switch redis {
    case .cleared(let entries):
      writer.bool(true)
      writer.key("entries_deleted")
      writer.integer(entries)
    case .unreachable(let reason):
      writer.bool(false)
      writer.key("redis_failure")
      writer.string(reason)
    }
    writer.endObject()
    return writer.line
  }
}
