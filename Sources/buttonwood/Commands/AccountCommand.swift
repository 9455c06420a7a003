internal import Lifecycle
internal import Market

/// `buttonwood account`: the commands that keep accounts.
enum AccountCommand {
  private static let keys = CommandTable(
    "buttonwood account keys", "Makes, lists, limits and revokes API keys.",
    [
      .init("create", "Gives an account one more API key.") { await AccountKeysCommand.create($0) },
      .init("list", "Lists an account's API keys.") { await AccountKeysCommand.list($0) },
      .init("limit", "Changes how many requests a minute a key may make.") { await AccountKeysCommand.limit($0) },
      .init("revoke", "Ends an API key for good.") { await AccountKeysCommand.revoke($0) },
    ])

  private static let table = CommandTable(
    "buttonwood account", "Keeps accounts. An account is named by its account_id (a UUID) or by its number.",
    [
      .init("create", "Opens an account with an API key.") { await AccountCreateCommand.run($0) },
      .init("deposit", "Brings cash in.") { await AccountMoveCommand.run(.deposit, $0) },
      .init("withdraw", "Takes cash out.") { await AccountMoveCommand.run(.withdraw, $0) },
      .init("grant", "Brings shares in.") { await AccountGrantCommand.run($0) },
      .init("list", "Lists accounts.") { await AccountListCommand.run($0) },
      .init("show", "Shows an account with its positions and keys.") { await AccountShowCommand.run($0) },
      .init("block", "Lets an account only look and cancel; cancels its orders.") { await AccountBlockCommand.run($0) },
      .init("unblock", "Lets an account trade again.") { await AccountUnblockCommand.run($0) },
      .init("keys", "Makes, lists, limits and revokes API keys.", table: keys),
    ])

  /// Runs the command that the first word names and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 { await table.run(arguments) }
}
