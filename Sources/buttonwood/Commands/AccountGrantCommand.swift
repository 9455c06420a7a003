internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood account grant`.
enum AccountGrantCommand {
  private static let name = "buttonwood account grant"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(name, "Brings shares into an account.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let cost = line.optional(
      "cost", "PRICE", variable: .none, expected: "a price, such as 101.25",
      help: "What a share cost, for the position's cost basis; by default the instrument's reference price."
    ) { Price($0) }
    let reference = line.reference()
    let printsJSON = line.json()
    let account = line.account()
    let symbol = line.symbol()
    let text = line.argument("QUANTITY", help: "Whole shares.")
    let quantity = Quantity(text)
    if quantity == nil, !text.isEmpty { line.mistake("QUANTITY: \"\(text)\" is not a number of whole shares") }
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.accounts(url, actor: actor)
      let quantity = quantity ?? .zero
      let movement = try await office.grant(quantity, of: symbol, to: account, cost: cost, reference: reference)
      Console.write(movement.report(asJSON: printsJSON, "granted \(quantity) \(symbol)"))
    }
  }
}
