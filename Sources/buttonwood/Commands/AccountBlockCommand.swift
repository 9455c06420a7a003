internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import Services

/// `buttonwood account block`, with `--cancel-all` the kill switch.
enum AccountBlockCommand {
  private static let name = "buttonwood account block"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name,
      """
      Lets an account only look and cancel: new orders and replacements are refused on all gateways from the next request on. \
      With --cancel-all its open orders are cancelled too, legs that wait included. Asking again is harmless.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let reason = line.requiredText("reason", "TEXT", variable: .none, help: "Why, for people.")
    let cancelsAll = line.flag("cancel-all", help: "Cancels everything that the account has open.")
    let patience = line.duration(
      "wait", default: .seconds(30), in: .zero...(.seconds(3_600)), variable: .none,
      help: "How long --cancel-all waits until nothing is open; 0 only hands the cancels in.")
    let printsJSON = line.json()
    let account = line.account()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    let blocking = CommandLineTool.blocking(url, actor: actor)
    do throws(AdministrationError) {
      var outcome: CancelAllService.Outcome?
      if cancelsAll {
        outcome = try await blockAndCancel(account, reason, patience, blocking)
      } else {
        try await blocking.block(account, reason: reason)
      }
      Console.write(printsJSON ? json(account, reason, outcome) : text(account, reason, outcome))
      guard let open = outcome?.open, open > 0 else { return 0 }
      return CommandLineTool.fail(
        name,
        "\(open) orders are open after \(SpanText.format(patience)): their cancels are stored, and are carried out as soon as a "
          + "worker does (buttonwood status, buttonwood quarantine list)")
    } catch {
      return CommandLineTool.fail(name, error)
    }
  }

  /// Shows a person at a terminal how far it is.
  private static func blockAndCancel(
    _ account: AccountName, _ reason: String, _ patience: Duration, _ blocking: AccountBlocking
  ) async throws(AdministrationError) -> CancelAllService.Outcome {
    let isWatched = Console.Stream.error.isTerminal
    defer { if isWatched { Console.write("\r\u{1B}[K", to: .error) } }
    return try await blocking.blockAndCancel(account, reason: reason, patience: patience) { (open, all) in
      if isWatched { Console.write("\r\u{1B}[K\(all - open) of \(all) orders are closed", to: .error) }
    }
  }

  private static func text(_ account: AccountName, _ reason: String, _ outcome: CancelAllService.Outcome?) -> String {
    "account \(account) is blocked: \(reason)\n" + (outcome.map { $0.summary + "\n" } ?? "")
  }

  private static func json(_ account: AccountName, _ reason: String, _ outcome: CancelAllService.Outcome?) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("account")
    writer.string(account.description)
    writer.key("status")
    writer.string("\(AccountStatus.blocked)")
    writer.key("block_reason")
    writer.string(reason)
    writer.key("orders")
    if let outcome {
      writer.beginObject()
      for (name, count) in [
        ("cancelled", outcome.canceled), ("filled", outcome.filled), ("ended", outcome.ended), ("open", outcome.open),
      ] {
        writer.key(dynamic: name)
        writer.integer(Int64(count))
      }
      writer.endObject()
    } else {
      writer.null()
    }
    writer.endObject()
    return writer.line
  }
}
