internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood account unblock`.
enum AccountUnblockCommand {
  private static let name = "buttonwood account unblock"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(name, "Lets an account trade again.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let reason = line.optionalText("reason", "TEXT", variable: .none, help: "Why, for \"buttonwood log\".")
    let account = line.account()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.accounts(url, actor: actor)
      try await office.unblock(account, reason: reason)
      Console.write("account \(account) is active\n")
    }
  }
}
