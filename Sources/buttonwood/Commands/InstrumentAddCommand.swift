internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood instrument add`.
enum InstrumentAddCommand {
  private static let name = "buttonwood instrument add"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name, "Adds an instrument; adding it again with equal content changes nothing.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let title = line.requiredText("name", "NAME", variable: .none, help: "The company or fund behind it.")
    let exchange = line.text(
      "exchange", "CODE", default: "", variable: .none,
      help: "Where it is listed: \(InstrumentListing.exchanges.dropLast().joined(separator: ", ")).")
    let price = line.text(
      "reference-price", "PRICE", default: "", variable: .none,
      help: "What market orders are protected around before the first trade.")
    let shard = line.optionalInteger(
      "shard", in: 0...Int(Int16.max), variable: .none,
      help: "The shard it belongs to for good; by default the one with the fewest instruments.")
    let printsJSON = line.json()
    let symbol = line.symbol()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    let listing: InstrumentListing
    do throws(InstrumentListing.Refusal) {
      listing = try InstrumentListing(
        symbol: symbol.description, name: title, exchange: exchange, referencePrice: price)
    } catch {
      return CommandLineExit.usage(command: name, mistakes: [error.description]).report()
    }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.instruments(url, actor: actor)
      let stored = try await office.add(listing, shard: shard.map { Shard(rawValue: Int16($0)) })
      Console.write(printsJSON ? json(stored) : "\(symbol) is listed in shard \(stored.shard)\n")
    }
  }

  private static func json(_ stored: StoredInstrument) -> String {
    var writer = JSONWriter()
    writer.instrument(stored)
    return writer.line
  }
}
