internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood instrument list`.
enum InstrumentListCommand {
  private static let name = "buttonwood instrument list"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(name, "Lists instruments by symbol.", arguments)
    let url = line.databaseURL()
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let all = try await CommandLineTool.instruments(url).list()
      Console.write(printsJSON ? json(all) : text(all))
    }
  }

  private static func text(_ all: [StoredInstrument]) -> String {
    var table = TextTable([
      .left("symbol"), .left("name"), .left("exchange"), .right("reference price"), .right("shard"), .left("band"),
      .left("state"),
    ])
    for stored in all {
      let state = stored.haltReason.map { "halted: \($0)" } ?? (stored.isTradable ? "trading" : "not tradable")
      table.add([
        stored.listing.symbol.description, stored.listing.name, stored.listing.exchange,
        stored.listing.referencePrice?.description ?? "-", stored.shard.description,
        stored.bandTier.map { "tier \($0.rawValue)" } ?? "-", state,
      ])
    }
    return table.text
  }

  private static func json(_ all: [StoredInstrument]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for stored in all { writer.instrument(stored) }
    writer.endArray()
    return writer.line
  }
}

extension JSONWriter {
  /// One instrument.
  mutating func instrument(_ stored: StoredInstrument) {
    beginObject()
    key("symbol")
    string(stored.listing.symbol.description)
    key("name")
    string(stored.listing.name)
    key("exchange")
    string(stored.listing.exchange)
    key("reference_price")
    if let price = stored.listing.referencePrice { string(price.description) } else { null() }
    key("shard")
    integer(Int64(stored.shard.rawValue))
    key("tradable")
    bool(stored.isTradable)
    key("halt_reason")
    if let reason = stored.haltReason { string(reason) } else { null() }
    key("halt_collects")
    bool(stored.collects)
    key("paused_until")
    if let moment = stored.pausedUntil { string(moment.description) } else { null() }
    key("band_tier")
    if let tier = stored.bandTier { integer(Int64(tier.rawValue)) } else { null() }
    endObject()
  }
}
