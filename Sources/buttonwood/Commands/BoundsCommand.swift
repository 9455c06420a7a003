internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood bounds`: what single orders may be at most.
enum BoundsCommand {
  private static let table = CommandTable(
    "buttonwood bounds",
    "Says what single orders may be at most, against slips of the finger: of an account, of a symbol, or of both.",
    [
      .init("list", "Lists all bounds.") { await list($0) },
      .init("set", "Sets the bounds of an account, a symbol, or an account in a symbol.") { await set($0) },
      .init("clear", "Takes them away.") { await clear($0) },
    ])

  /// Runs the command that the first word names and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 { await table.run(arguments) }

  private static func set(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood bounds set"
    var line = CommandLineOptions(
      name,
      """
      Sets what single orders may be at most. What is not given is no bound any more. An order beyond any bound that holds \
      for it is refused (403) by all gateways from now on; so is a replacement.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let scope = line.scope()
    let bounds = OrderBounds(
      quantity: line.optionalInteger(
        "max-quantity", in: 1...Int(Quantity.maximum.rawValue), variable: .none, help: "Most shares of an order."
      ).map { Quantity(rawValue: Int64($0)) },
      notional: line.optional(
        "max-notional", "AMOUNT", variable: .none, expected: "an amount of dollars, such as 50000.00",
        help: "Most dollars of an order: its limit price, or a market order's protection price, times its shares."
      ) { text in Money(text).flatMap { $0 > .zero ? $0 : nil } },
      collar: line.optional(
        "collar", "PERCENT", variable: .none, expected: "a percentage from 0.01 to 100 with at most two decimals",
        help: "How far above the last price a buy, or below it a sell, may be priced. A symbol's."
      ) { text in basisPoints(text) })
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      try await CommandLineTool.bounds(url, actor: actor).set(bounds, for: scope)
      Console.write("bounds of \(scope) are set\n")
    }
  }

  private static func clear(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood bounds clear"
    var line = CommandLineOptions(name, "Takes the bounds of an account, a symbol, or both away.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let scope = line.scope()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.bounds(url, actor: actor)
      Console.write(
        try await office.clear(scope) ? "\(scope) has no bounds any more\n" : "\(scope) had no bounds\n")
    }
  }

  private static func list(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood bounds list"
    var line = CommandLineOptions(name, "Lists what single orders may be at most.", arguments)
    let url = line.databaseURL()
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let all = try await CommandLineTool.bounds(url).all()
      Console.write(printsJSON ? json(all) : text(all))
    }
  }

  private static func text(_ all: [StoredBounds]) -> String {
    guard !all.isEmpty else { return "no order is bounded\n" }
    var table = TextTable([
      .left("account"), .left("symbol"), .right("max_quantity"), .right("max_notional"), .right("collar"),
    ])
    for stored in all {
      table.add([
        stored.account?.description ?? "all", stored.symbol?.description ?? "all",
        stored.bounds.quantity?.description ?? "", stored.bounds.notional?.description ?? "",
        stored.bounds.collar.map { "\(percentage($0)) %" } ?? "",
      ])
    }
    return table.text
  }

  private static func json(_ all: [StoredBounds]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for stored in all {
      writer.beginObject()
      writer.optional("account_number", stored.account?.description)
      writer.optional("symbol", stored.symbol?.description)
      writer.optional("max_quantity", stored.bounds.quantity?.description)
      writer.optional("max_notional", stored.bounds.notional?.description)
      writer.optional("collar_percent", stored.bounds.collar.map(percentage))
      writer.endObject()
    }
    writer.endArray()
    return writer.line
  }

  private static func percentage(_ basisPoints: Int64) -> String {
    Money(rawValue: basisPoints * 100).description
  }

  private static func basisPoints(_ text: String) -> Int64? {
    guard let value = Decimal4.parse(text), value % 100 == 0, (1...10_000).contains(value / 100) else { return nil }
    return value / 100
  }
}

extension JSONWriter {
  fileprivate mutating func optional(_ name: StaticString, _ text: String?) {
    key(name)
    if let text { string(text) } else { null() }
  }
}

extension CommandLineOptions {
  /// Reads whose orders, and for what.
  fileprivate mutating func scope() -> BoundsScope {
    let account = optional(
      "account", "ACCOUNT", variable: .none, expected: "an account_id (a UUID) or a number",
      help: "Whose orders; everybody's by default."
    ) { AccountName($0) }
    let symbol = optional(
      "symbol", "SYMBOL", variable: .none, expected: "a symbol such as AAPL",
      help: "Orders for what; for everything by default. One of --account and --symbol is needed."
    ) { Symbol($0) }
    return BoundsScope(account: account, symbol: symbol)
  }
}
