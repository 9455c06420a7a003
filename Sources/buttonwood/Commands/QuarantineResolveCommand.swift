internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import Telemetry

/// `buttonwood quarantine retry` and `refuse`.
enum QuarantineResolveCommand {
  static func retry(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood quarantine retry"
    var line = CommandLineOptions(
      name,
      """
      Has a command in quarantine carried out again, once what made it fail is removed. It is appended to its shard's log \
      with a new sequence, so its order stands behind all that came meanwhile: it loses its place in time. Workers may be \
      running or not. Asking again changes nothing.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let note = line.optionalText("note", "TEXT", variable: .none, help: "Why, for people.")
    let printsJSON = line.json()
    let (shard, sequence) = line.logPlace()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.quarantine(url, actor: actor)
      let came = try await office.retry(shard, sequence, note: note)
      report(came, shard, sequence, .retried, note: note, asJSON: printsJSON)
    }
  }

  static func refuse(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood quarantine refuse"
    var line = CommandLineOptions(
      name,
      """
      Has a command in quarantine rejected without reaching a book: a new order is rejected and gives back what it holds; \
      a replacement is rejected and the order that it was to replace goes on; so does an order whose cancel is refused. \
      Workers may be running or not. Asking again changes nothing.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let reason = line.requiredText("reason", "TEXT", variable: .none, help: "Why, for people.")
    let printsJSON = line.json()
    let (shard, sequence) = line.logPlace()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.quarantine(url, actor: actor)
      let came = try await office.refuse(shard, sequence, reason: reason)
      report(came, shard, sequence, .refused, note: reason, asJSON: printsJSON)
    }
  }

  /// Prints the answer, and what was done as a line of the log beside it.
  private static func report(
    _ came: QuarantineReturn, _ shard: Shard, _ sequence: Sequence,
    _ resolution: QuarantinedCommand.Resolution, note: String?, asJSON: Bool
  ) {
    let what = "shard \(shard) sequence \(sequence)"
    Console.write(
      asJSON
        ? json(came, shard, sequence, resolution)
        : came.isRepeat
          ? "\(what) was \(resolution.rawValue) already, as sequence \(came.sequence)\n"
          : "\(what) is \(resolution.rawValue) as sequence \(came.sequence)\n")
    guard !came.isRepeat else { return }
    Log.standardError().notice(
      "a command left the quarantine",
      [
        "shard": shard, "sequence": sequence, "resolution": resolution.rawValue, "resolved_sequence": came.sequence,
        "note": note ?? "",
      ])
  }

  private static func json(
    _ came: QuarantineReturn, _ shard: Shard, _ sequence: Sequence,
    _ resolution: QuarantinedCommand.Resolution
  ) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("shard")
    writer.integer(Int64(shard.rawValue))
    writer.key("sequence")
    writer.integer(sequence.rawValue)
    writer.key("resolution")
    writer.string(resolution.rawValue)
    writer.key("resolved_sequence")
    writer.integer(came.sequence.rawValue)
    writer.key("repeated")
    writer.bool(came.isRepeat)
    writer.endObject()
    return writer.line
  }
}
