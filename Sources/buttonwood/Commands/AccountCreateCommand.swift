internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood account create`.
enum AccountCreateCommand {
  private static let name = "buttonwood account create"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name, "Opens an account with an API key. The key's secret is shown once and stored nowhere.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let holder = line.requiredText("name", "NAME", variable: .none, help: "Whose account it is.")
    let cash = line.value(
      "cash", "AMOUNT", default: Money.zero, variable: .none, shown: "0",
      expected: "an amount of dollars, such as 100000.00", help: "Dollars to begin with."
    ) { Money($0) }
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.accounts(url, actor: actor)
      let opened = try await office.create(name: holder, cash: cash)
      Console.write(printsJSON ? json(opened) : text(opened))
    }
  }

  private static func text(_ opened: OpenedAccount) -> String {
    """
    account_id      \(opened.id)
    account_number  \(opened.number)
    key_id          \(opened.key.id)
    secret          \(opened.key.secret)

    """
  }

  private static func json(_ opened: OpenedAccount) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("account_id")
    writer.string(opened.id.description)
    writer.key("account_number")
    writer.string(opened.number.description)
    writer.key("key_id")
    writer.string(opened.key.id)
    writer.key("secret")
    writer.string(opened.key.secret)
    writer.endObject()
    return writer.line
  }
}
