internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore
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
    let session = CommandLineTool.session(url)
    let office = AccountAdministration(session: session, actor: actor)
    do throws(AdministrationError) {
      let number = try await office.block(account, reason: reason, cancelsOrders: cancelsAll)
      var outcome: CancelAllService.Outcome?
      if cancelsAll {
        let blocked = "account \(account) is blocked"
        outcome = try await sweep(session, number, patience) { (error) in
          "\(blocked), but its orders may be open: \(error); repeat the command"
        }
        if let outcome { try await office.recordCancels(of: account, outcome: text(outcome)) }
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

  private static func sweep(
    _ session: PostgresSession, _ account: AccountNumber, _ patience: Duration, failure: (String) -> String
  ) async throws(AdministrationError) -> CancelAllService.Outcome {
    let cancels = CancelAllService(
      reader: PostgresAccountReader(pool: PostgresPool([session])),
      entry: LedgerCancelEntry(ledger: PostgresEntryLedger(session: session)) {
        Timestamp(rawValue: HostClock.microsecondsSinceEpoch())
      })
    let isWatched = Console.Stream.error.isTerminal
    defer { if isWatched { Console.write("\r\u{1B}[K", to: .error) } }
    do throws(LedgerError) {
      return try await cancels.untilClosed(account, patience: patience) { (open, all) in
        if isWatched { Console.write("\r\u{1B}[K\(all - open) of \(all) orders are closed", to: .error) }
      }
    } catch {
      switch error {
      case .unavailable(_, let reason): throw .unavailable(failure(reason))
      case .fault(let reason): throw .fault(failure(reason))
      case .outcomeUnknown: throw .unavailable(failure("the connection was lost at the commit"))
      }
    }
  }

  private static func text(_ account: AccountName, _ reason: String, _ outcome: CancelAllService.Outcome?) -> String {
    "account \(account) is blocked: \(reason)\n" + (outcome.map { text($0) + "\n" } ?? "")
  }

  private static func text(_ outcome: CancelAllService.Outcome) -> String {
    guard outcome != CancelAllService.Outcome() else { return "no order was open" }
    var parts = ["\(outcome.canceled) cancelled", "\(outcome.filled) filled first"]
    if outcome.ended > 0 { parts.append("\(outcome.ended) ended otherwise") }
    if outcome.open > 0 { parts.append("\(outcome.open) still open") }
    return "orders: " + parts.joined(separator: ", ")
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
