internal import Lifecycle
internal import Market
internal import PostgresStore

/// `buttonwood account block` and `unblock`.
enum AccountStatusCommand {
  static func run(_ status: AccountStatus, _ arguments: [String]) async -> Int32 {
    let name = "buttonwood account \(status == .blocked ? "block" : "unblock")"
    let summary =
      status == .blocked
      ? "Lets an account only look and cancel. Its open orders stay." : "Lets an account trade again."
    var line = CommandLineOptions(name, summary, arguments)
    let url = line.databaseURL()
    let account = line.account()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = AccountAdministration(session: CommandLineTool.session(url))
      try await office.setStatus(status, of: account)
      Console.write("account \(account) is \(status)\n")
    }
  }
}
