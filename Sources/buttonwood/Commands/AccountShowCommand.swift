internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood account show`.
enum AccountShowCommand {
  private static let name = "buttonwood account show"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(name, "Shows an account with its positions and API keys.", arguments)
    let url = line.databaseURL()
    let printsJSON = line.json()
    let account = line.account()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let shown = try await CommandLineTool.accounts(url).show(account)
      Console.write(printsJSON ? json(shown) : text(shown))
    }
  }

  private static func text(_ shown: ShownAccount) -> String {
    let account = shown.account
    var facts = TextTable([.left(""), .left("")])
    facts.add(["account_id", account.id.description])
    facts.add(["account_number", account.number.description])
    facts.add(["name", account.name])
    facts.add(["status", "\(account.status)"])
    if let reason = shown.blockReason { facts.add(["block_reason", reason]) }
    if account.isSuspended { facts.add(["suspended", "by its holder"]) }
    facts.add(["cash", account.cash.description])
    facts.add(["held", account.held.description])
    facts.add(["available", (account.cash - account.held).description])
    facts.add(["created_at", account.createdAt.description])
    var positions = TextTable([.left("symbol"), .right("quantity"), .right("held"), .right("cost")])
    for position in shown.positions {
      positions.add([
        position.symbol, position.quantity.description, position.held.description, position.cost.description,
      ])
    }
    return facts.text + "\n" + positions.text + "\n" + AccountKeysCommand.text(shown.keys)
  }

  private static func json(_ shown: ShownAccount) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.accountMembers(shown.account)
    writer.key("block_reason")
    if let reason = shown.blockReason { writer.string(reason) } else { writer.null() }
    writer.key("suspended")
    writer.bool(shown.account.isSuspended)
    writer.key("positions")
    writer.beginArray()
    for position in shown.positions { Self.position(position, &writer) }
    writer.endArray()
    writer.key("keys")
    writer.keys(shown.keys)
    writer.endObject()
    return writer.line
  }

  private static func position(_ position: ShownPosition, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("symbol")
    writer.string(position.symbol)
    writer.key("quantity")
    writer.string(position.quantity.description)
    writer.key("held")
    writer.string(position.held.description)
    writer.key("cost")
    writer.string(position.cost.description)
    writer.endObject()
  }
}
