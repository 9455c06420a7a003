internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood instrument band`.
enum InstrumentBandCommand {
  private static let name = "buttonwood instrument band"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name,
      """
      Sets how wide an instrument's price band is, or all instruments'. Outside of auctions nothing trades beyond the band, \
      which stands around the mean price of the last five minutes: tier 1 is 5 % above $3.00, tier 2 10 %; both are wider \
      for lower prices. Orders beyond it work at its end. When the best bid has stood at the upper end or the best offer at \
      the lower one for 15 seconds, trading pauses for five minutes and reopens by auction. Workers of a version without \
      bands cannot work what has one: replace them first.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let text = line.requiredText(
      "tier", "1|2|none", variable: .none, help: "How wide, or none to trade without a band.")
    var tier: BandTier?
    switch text {
    case "none", "": break
    case "1": tier = .tier1
    case "2": tier = .tier2
    default: line.mistake("--tier: \"\(text)\" is neither 1 nor 2 nor none")
    }
    let scope = line.instrumentScope()
    let chosen = tier
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.instruments(url, actor: actor)
      let symbol: Symbol? = if case .one(let symbol) = scope { symbol } else { nil }
      let setting = try await office.setBands(chosen, of: symbol)
      let words = chosen.map { "price bands of tier \($0.rawValue)" } ?? "no price bands"
      let what = symbol?.description ?? "\(setting.instruments) instruments"
      let verb = symbol == nil ? "have" : "has"
      let note = setting.changed > 0 ? "" : ", as before"
      Console.write(setting.instruments == 0 ? "there are no instruments\n" : "\(what) \(verb) \(words)\(note)\n")
    }
  }
}
