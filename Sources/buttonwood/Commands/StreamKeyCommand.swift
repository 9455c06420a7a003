internal import JSON
internal import Lifecycle
internal import Ports

/// `buttonwood stream-key`: the keys under which entries of the shards' streams are signed.
enum StreamKeyCommand {
  private static let table = CommandTable(
    "buttonwood stream-key",
    """
    Looks after the keys under which gateways and the leader sign what they put into the shards' streams in Redis, so that \
    workers carry out nothing that somebody else wrote there. The keys are in PostgreSQL alone and are never shown. The \
    newest one signs; the one before it is believed as well.
    """,
    [
      .init("list", "Lists the keys that are valid, without their secrets.") { await list($0) },
      .init("rotate", "Makes a new key that signs from now on.") { await rotate($0) },
      .init("retire", "Ends all keys but the one that signs.") { await retire($0) },
    ])

  /// Runs the command that the first word names and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 { await table.run(arguments) }

  private static func rotate(_ arguments: [String]) async -> Int32 {
    await change(
      "buttonwood stream-key rotate",
      """
      Makes a new key that signs from now on, while everything runs: gateways take it within 10 s, workers when they meet it. \
      The key before it stays valid until the next rotation or "stream-key retire"; older ones are ended.
      """, arguments
    ) { (office) async throws(AdministrationError) in try await office.rotate() }
  }

  private static func retire(_ arguments: [String]) async -> Int32 {
    await change(
      "buttonwood stream-key retire",
      """
      Ends all keys but the one that signs: after "stream-key rotate", when an old key may be known to somebody. Processes \
      give it up within 10 s. Entries that are signed under an ended key are refused and their rows read from the log, so \
      nothing is lost; waiting some 20 s after the rotation spares even that.
      """, arguments
    ) { (office) async throws(AdministrationError) in try await office.retire() }
  }

  private static func change(
    _ name: String, _ summary: String, _ arguments: [String],
    _ body: (any StreamKeyOperations) async throws(AdministrationError) -> StreamKeyChange
  ) async -> Int32 {
    var line = CommandLineOptions(name, summary, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let change = try await body(CommandLineTool.streamKeys(url, actor: actor))
      Console.write(printsJSON ? json(change) : text(change))
    }
  }

  private static func text(_ change: StreamKeyChange) -> String {
    func names(_ keys: [Int32]) -> String { keys.map(String.init).joined(separator: ", ") }
    var text = "key \(change.signing) signs"
    if !change.believed.isEmpty { text += ", \(names(change.believed)) is believed as well" }
    if !change.ended.isEmpty { text += ", \(names(change.ended)) is ended" }
    return text + "\n"
  }

  private static func json(_ change: StreamKeyChange) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("signing")
    writer.integer(Int64(change.signing))
    for (name, keys) in [("believed", change.believed), ("ended", change.ended)] {
      writer.key(dynamic: name)
      writer.beginArray()
      for key in keys { writer.integer(Int64(key)) }
      writer.endArray()
    }
    writer.endObject()
    return writer.line
  }

  private static func list(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood stream-key list"
    var line = CommandLineOptions(name, "Lists the keys that are valid, without their secrets.", arguments)
    let url = line.databaseURL()
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let keys = try await CommandLineTool.streamKeys(url).keys()
      Console.write(printsJSON ? json(keys) : text(keys))
    }
  }

  private static func text(_ keys: [ListedStreamKey]) -> String {
    guard let signing = keys.last?.id else {
      return "there is no key: no entry can be signed, workers find all rows in the log; run \"stream-key rotate\"\n"
    }
    var table = TextTable([.right("key"), .left("made_at"), .left("use")])
    for key in keys {
      table.add(["\(key.id)", "\(key.madeAt)", key.id == signing ? "signs" : "believed"])
    }
    return table.text
  }

  private static func json(_ keys: [ListedStreamKey]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for key in keys {
      writer.beginObject()
      writer.key("key_id")
      writer.integer(Int64(key.id))
      writer.key("made_at")
      writer.string("\(key.madeAt)")
      writer.key("signs")
      writer.bool(key.id == keys.last?.id)
      writer.endObject()
    }
    writer.endArray()
    return writer.line
  }
}
