internal import Lifecycle
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
    let reason = line.requiredText("reason", "TEXT", variable: .none, help: "Why, for people.")
    let symbol = line.symbol()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      try await InstrumentAdministration(session: CommandLineTool.session(url)).halt(symbol, reason: reason)
      Console.write("\(symbol) is halted: \(reason)\n")
    }
  }

  static func resume(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood instrument resume"
    var line = CommandLineOptions(name, "Takes orders for an instrument again.", arguments)
    let url = line.databaseURL()
    let symbol = line.symbol()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      try await InstrumentAdministration(session: CommandLineTool.session(url)).resume(symbol)
      Console.write("\(symbol) trades again\n")
    }
  }
}
