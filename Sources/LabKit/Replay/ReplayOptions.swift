package import Lifecycle
package import Market

/// What the command line of `replay` asks for.
package struct ReplayOptions: Sendable {
  package var file = ""
  package var format: FlowFormat?
  package var pace = ReplayPace.unbounded
  package var accounts: Int?
  package var address = GatewayAddress("http://127.0.0.1:8080")!
  package var symbol = Symbol("AAPL")!
  package var connections = 64
  package var limit: Int?
  package var keys = ""
  package var isInOrder = false
  package var checks = false
  package var clearsFirst = false
  package var printsJSON = false

  static let checkNeedsCommands = "--check needs expected fills, which LOBSTER messages do not have"

  static let summary = """
    Replays recorded order flow through a gateway's Trading API, with many accounts, and ends with a table: orders, \
    cancels, fills, refusals, latencies, orders a second.

    FILE holds LOBSTER messages (time,type,order,size,price,direction), or commands with their expected fills \
    (seq,ts_ns,cmd,order_id,side,price,qty,…); plain or gzip. A new order becomes a day order, a reduction a replace to \
    the smaller quantity, an execution an immediate-or-cancel order of the other side; executions of hidden orders and \
    halts are passed over and counted.

    Half of the accounts buy and half sell, so that no order meets one of its own account. They need cash and shares \
    enough for the recording. Requests whose answer is lost are sent again with the same client_order_id, so none is \
    lost or doubled; 429 is waited for as Retry-After says.

    By default commands on different orders overtake each other on their way, which is quick; with --in-order each waits \
    for the one before it, so that the fills equal the recording, and --check compares them.

    Exit status: 0 done; 1 something was lost, unexpected or, with --check, filled otherwise than recorded; 2 usage.
    """

  /// Reads the command line.
  package init(
    _ arguments: [String], environment: [String: String] = ProcessEnvironment.current()
  ) throws(CommandLineExit) {
    var line = CommandLineOptions("buttonwood-lab replay", Self.summary, arguments, environment: environment)
    let defaults = (connections: connections, symbol: symbol)
    address = line.value(
      "url", "URL", default: address, variable: .named("BUTTONWOOD_GATEWAY_URL"), shown: "http://127.0.0.1:8080",
      expected: "a URL of the form http://HOST:PORT", help: "The gateway."
    ) { GatewayAddress($0) }
    keys = line.requiredText(
      "keys", "FILE",
      help: "The accounts' keys, as \"buttonwood account create --json\" prints them, one a line or as an array.")
    accounts = line.optionalInteger(
      "accounts", in: 2...100_000, help: "How many of the accounts are used, at least 2; all by default.")
    format = line.optionalChoice(
      "format", FlowFormat.self, variable: .none, help: "What FILE holds; by default its first line and name tell.")
    symbol = line.value(
      "symbol", "S", default: defaults.symbol, variable: .none, shown: defaults.symbol.description,
      expected: "a ticker symbol", help: "The instrument that the orders are for."
    ) { Symbol($0) }
    pace = line.value(
      "speed", "X|max", default: pace, variable: .none, shown: "max",
      expected: "max or a multiple of the recorded speed, such as 1, 20 or 0.5",
      help: "As quickly as the system takes them, or as recorded, X times as quickly."
    ) { ReplayPace($0) }
    connections = line.integer(
      "connections", default: defaults.connections, in: 1...10_000,
      help: "Connections, and so requests in flight at most.")
    limit = line.optionalInteger("limit", "ROWS", in: 1...Int.max, variable: .none, help: "Ends after so many rows.")
    isInOrder = line.flag(
      "in-order", help: "Sends each command when the one before it is answered, over one connection.")
    checks = line.flag(
      "check", help: "Compares at the end what every order was filled with what the recording says; needs --in-order.")
    clearsFirst = line.flag(
      "cancel-first", help: "Cancels the accounts' open orders before it begins, such as an earlier replay left behind."
    )
    printsJSON = line.flag("json", help: "Prints the result as one JSON object.")
    file = line.argument("FILE", help: "The recording.")
    if checks, !isInOrder { line.mistake("--check needs --in-order: otherwise commands overtake each other") }
    if checks, format == .lobster { line.mistake(Self.checkNeedsCommands) }
    try line.finish()
  }
}
