internal import JSON
internal import Lifecycle
internal import Ports

/// `buttonwood migrate`: brings the schema up to date.
enum MigrateCommand {
  private static let name = "buttonwood migrate"

  /// Runs the command and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 {
    let facts = CommandLineTool.schemaFacts
    var line = CommandLineOptions(
      name,
      "Brings the schema of the database up to date, and makes the coming days' tables. Safe to run from several places "
        + "at once, and while the exchange works: a lock that is not free is asked for again and again, each time for "
        + "\(facts.lockTimeout.wholeMilliseconds) ms, so that nobody queues behind it; which sessions hold it up is "
        + "written to standard error. A new database gets its shards now, and their number is fixed for its life: a shard "
        + "is worked by one worker, so it is also the most workers that can ever share the load.",
      arguments)
    let url = line.databaseURL()
    let shards = line.optionalInteger(
      "shards", in: 1...1024,
      help:
        "How many shards a new database gets, \(facts.defaultShards) by default; an old one keeps its own. Take four "
        + "or more for each worker that may ever be wanted: load is evened out in whole shards.")
    let makesRoles = line.flag(
      "roles",
      help:
        "Makes the roles that programs connect as (\(facts.roles.joined(separator: ", "))), "
        + "without passwords, and gives each just the rights it needs. Who connects must be allowed to make roles, once. Later "
        + "runs keep the rights up to date without being asked.")
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let report = try await CommandLineTool.schema(url).migrate(
        shards: shards.map { Int16($0) }, makesRoles: makesRoles
      ) { wait in
        Console.write("\(name): \(wait)\n", to: .error)
      }
      Console.write(printsJSON ? json(report, facts) : text(report, facts))
      if let shards, shards != Int(report.shards) {
        Console.write(
          "\(name): the database has \(report.shards) shards and keeps them: their number is fixed when it is made\n",
          to: .error)
      }
    }
  }

  private static func text(_ report: SchemaReport, _ facts: SchemaFacts) -> String {
    let steps = report.applied.isEmpty ? "up to date" : "applied \(report.applied.joined(separator: ", "))"
    let roles = report.givesRights ? "; roles have their rights" : ""
    return
      "schema version \(facts.version), \(steps); \(report.shards) shards, fixed: the most workers that can "
      + "share the load\(roles)\n"
  }

  private static func json(_ report: SchemaReport, _ facts: SchemaFacts) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("version")
    writer.integer(Int64(facts.version))
    writer.key("applied")
    writer.beginArray()
    for step in report.applied { writer.string(step) }
    writer.endArray()
    writer.key("shards")
    writer.integer(Int64(report.shards))
    writer.key("roles")
    writer.bool(report.givesRights)
    writer.endObject()
    return writer.line
  }
}

extension JSONWriter {
  /// What was written, as one line.
  var line: String { String(decoding: bytes, as: UTF8.self) + "\n" }
}
