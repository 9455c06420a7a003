internal import Lifecycle
internal import Ports
internal import PostgresStore

/// `buttonwood instrument halt` and `resume`.
enum InstrumentHaltCommand {
  static func halt(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood instrument halt"
    var line = CommandLineOptions(
      name,
      "Stops taking orders for an instrument. Gateways notice within seconds; orders in the book stay and can be cancelled.",
      arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let reason = line.requiredText("reason", "TEXT", variable: .none, help: "Why, for people.")
    let symbol = line.symbol()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await run(name, url, actor) { (halts) async throws(HaltRefusal) in
      try await halts.halt(symbol, reason: reason)
      Console.write("\(symbol) is halted: \(reason)\n")
    }
  }

  static func resume(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood instrument resume"
    var line = CommandLineOptions(name, "Takes orders for an instrument again.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let symbol = line.symbol()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await run(name, url, actor) { (halts) async throws(HaltRefusal) in
      try await halts.resume(symbol)
      Console.write("\(symbol) trades again\n")
    }
  }

  private static func run(
    _ name: String, _ url: String, _ actor: AdminActor,
    _ body: @Sendable (any TradingHalts) async throws(HaltRefusal) -> Void
  ) async -> Int32 {
    await CommandLineTool.run(name) { () async throws(AdministrationError) in
      do throws(HaltRefusal) {
        try await body(InstrumentAdministration(session: CommandLineTool.session(url), actor: actor))
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
