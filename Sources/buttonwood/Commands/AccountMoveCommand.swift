internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood account deposit` and `withdraw`.
enum AccountMoveCommand {
  /// Which way the cash goes.
  enum Direction: String {
    case deposit
    case withdraw
  }

  static func run(_ direction: Direction, _ arguments: [String]) async -> Int32 {
    let name = "buttonwood account \(direction.rawValue)"
    let summary =
      switch direction {
      case .deposit: "Brings cash into an account."
      case .withdraw: "Takes cash out of an account; what open orders hold stays."
      }
    var line = CommandLineOptions(name, summary, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let reference = line.reference()
    let printsJSON = line.json()
    let account = line.account()
    let text = line.argument("AMOUNT", help: "Dollars, such as 2500.50.")
    let amount = Money(text)
    if amount == nil, !text.isEmpty { line.mistake("AMOUNT: \"\(text)\" is not an amount of dollars, such as 2500.50") }
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.accounts(url, actor: actor)
      let amount = amount ?? .zero
      let movement =
        switch direction {
        case .deposit: try await office.deposit(amount, to: account, reference: reference)
        case .withdraw: try await office.withdraw(amount, from: account, reference: reference)
        }
      let verb = direction == .deposit ? "deposited" : "withdrew"
      Console.write(movement.report(asJSON: printsJSON, "\(verb) \(amount)"))
    }
  }
}
