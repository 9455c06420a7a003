internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood instrument halt` and `resume`.
enum InstrumentHaltCommand {
  static func halt(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood instrument halt"
    var line = CommandLineOptions(
      name,
      """
      Halts an instrument, or all: nothing trades from the next command of its log on; orders in the book stay and can be \
      cancelled. New orders are refused as soon as gateways notice, within seconds, unless they are collected.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let reason = line.requiredText("reason", "TEXT", variable: .none, help: "Why, for people.")
    let collects = line.flag("collect", help: "Takes orders all the same: they cross at one price when it resumes.")
    let scope = line.instrumentScope()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await run(name, CommandLineTool.instruments(url, actor: actor), scope) {
      (halts, symbol) async throws(HaltRefusal) in
      try await halts.halt(symbol, reason: reason, collects: collects)
      return "\(symbol) is halted: \(reason)\n"
    }
  }

  static func resume(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood instrument resume"
    var line = CommandLineOptions(
      name, "Lets an instrument, or all, trade again: orders that were collected cross first.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let scope = line.instrumentScope()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await run(name, CommandLineTool.instruments(url, actor: actor), scope) {
      (halts, symbol) async throws(HaltRefusal) in
      try await halts.resume(symbol)
      return "\(symbol) trades again\n"
    }
  }

  private static func run(
    _ name: String, _ office: any InstrumentOperations, _ scope: InstrumentScope,
    _ body: @Sendable (any TradingHalts, Symbol) async throws(HaltRefusal) -> String
  ) async -> Int32 {
    await CommandLineTool.run(name) { () async throws(AdministrationError) in
      var symbols: [Symbol]
      switch scope {
      case .one(let symbol): symbols = [symbol]
      case .all:
        symbols = try await office.list().map(\.listing.symbol)
        if symbols.isEmpty { Console.write("there are no instruments\n") }
      }
      do throws(HaltRefusal) {
        for symbol in symbols { Console.write(try await body(office, symbol)) }
      } catch {
        switch error {
        case .unknownInstrument(let symbol): throw .refused("there is no instrument \(symbol)")
        case .badReason(let text): throw .refused(text)
        case .unavailable(let text): throw .unavailable(text)
        }
      }
    }
  }
}
