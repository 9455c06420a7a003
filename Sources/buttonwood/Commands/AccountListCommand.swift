internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood account list`.
enum AccountListCommand {
  private static let name = "buttonwood account list"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(name, "Lists accounts by number.", arguments)
    let url = line.databaseURL()
    let limit = line.integer("limit", default: 1000, in: 1...100_000, variable: .none, help: "Most accounts.")
    let after = line.optionalInteger(
      "after", "NUMBER", in: 0...Int.max, variable: .none, help: "Only accounts with a greater number.")
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.accounts(url)
      let accounts = try await office.list(
        after: after.map { AccountNumber(rawValue: Int64($0)) }, limit: Int32(limit))
      Console.write(printsJSON ? json(accounts) : text(accounts))
    }
  }

  private static func text(_ accounts: [AccountRecord]) -> String {
    var table = TextTable([
      .right("number"), .left("account_id"), .left("name"), .left("status"), .right("cash"), .right("held"),
    ])
    for account in accounts {
      table.add([
        account.number.description, account.id.description, account.name, "\(account.status)",
        account.cash.description, account.held.description,
      ])
    }
    return table.text
  }

  private static func json(_ accounts: [AccountRecord]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for account in accounts {
      writer.beginObject()
      writer.accountMembers(account)
      writer.endObject()
    }
    writer.endArray()
    return writer.line
  }
}

extension JSONWriter {
  /// The members that lists and single accounts share.
  mutating func accountMembers(_ account: AccountRecord) {
    key("account_id")
    string(account.id.description)
    key("account_number")
    string(account.number.description)
    key("name")
    string(account.name)
    key("status")
    string("\(account.status)")
    key("cash")
    string(account.cash.description)
    key("held")
    string(account.held.description)
    key("created_at")
    string(account.createdAt.description)
  }
}
