internal import JSON
internal import Lifecycle
internal import Ports
internal import Services

/// `buttonwood instrument import`.
enum InstrumentImportCommand {
  private static let name = "buttonwood instrument import"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name,
      """
      Adds and updates instruments from comma-separated values with the header \(InstrumentFile.header): all of them or \
      none. Instruments that the file does not name stay as they are; importing it again changes nothing.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let printsJSON = line.json()
    let path = line.argument("FILE", help: "The list.")
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    guard let content = SmallFile.text(path, limit: InstrumentFile.maximumBytes) else {
      return CommandLineTool.fail(
        name, "\(path): cannot be read, is larger than \(InstrumentFile.maximumBytes) bytes, or is not UTF-8")
    }
    let listings: [InstrumentListing]
    do throws(InstrumentFile.Mistakes) { listings = try InstrumentFile.parse(content) } catch {
      Console.write(error.lines.map { "\(name): \(path): \($0)\n" }.joined(), to: .error)
      return 1
    }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.instruments(url, actor: actor)
      let changes = try await office.importAll(listings)
      Console.write(printsJSON ? json(changes) : text(changes))
    }
  }

  private static func text(_ changes: InstrumentChanges) -> String {
    "added \(changes.added), updated \(changes.updated), unchanged \(changes.unchanged)\n"
  }

  private static func json(_ changes: InstrumentChanges) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("added")
    writer.integer(Int64(changes.added))
    writer.key("updated")
    writer.integer(Int64(changes.updated))
    writer.key("unchanged")
    writer.integer(Int64(changes.unchanged))
    writer.endObject()
    return writer.line
  }
}
