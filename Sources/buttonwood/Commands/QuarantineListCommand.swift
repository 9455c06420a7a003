internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// `buttonwood quarantine list`.
enum QuarantineListCommand {
  private static let name = "buttonwood quarantine list"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(name, "Lists commands in quarantine, longest there first.", arguments)
    let url = line.databaseURL()
    let all = line.flag("all", help: "Lists those too that were carried out again or refused.")
    let limit = line.integer("limit", default: 1000, in: 1...100_000, variable: .none, help: "Most commands.")
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.quarantine(url)
      let commands = try await office.list(includesResolved: all, limit: Int32(limit))
      Console.write(printsJSON ? json(commands) : text(commands))
    }
  }

  private static func text(_ commands: [QuarantinedCommand]) -> String {
    guard !commands.isEmpty else { return "no command is in quarantine\n" }
    var table = TextTable([
      .right("shard"), .right("sequence"), .left("since"), .left("command"), .right("account"), .left("order"),
      .left("terms"), .right("tries"), .left("reason"), .left("resolution"),
    ])
    for command in commands {
      let request = command.request
      table.add([
        command.shard.description, command.sequence.description, command.quarantinedAt.description,
        request.map { ($0.isRefused ? "refused " : "") + $0.kind } ?? "-", request?.account?.description ?? "-",
        request?.order?.description ?? "-", request.map(terms) ?? "-", "\(command.tries)",
        // One line a command, whatever a trigger has raised.
        command.reason.split(whereSeparator: \.isWhitespace).joined(separator: " "), resolution(command),
      ])
    }
    return table.text
  }

  private static func terms(_ request: QuarantinedCommand.Request) -> String {
    let symbol = request.symbol ?? "?"
    if let point = request.point { return "\(symbol) to \(point)" }
    guard let side = request.side, let price = request.price, let quantity = request.quantity else { return symbol }
    return "\(side) \(quantity) \(symbol) @ \(price)"
  }

  private static func resolution(_ command: QuarantinedCommand) -> String {
    guard let resolution = command.resolution, let sequence = command.resolvedSequence else { return "" }
    return "\(resolution.rawValue) as \(sequence)" + (command.note.map { ": \($0)" } ?? "")
  }

  private static func json(_ commands: [QuarantinedCommand]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for command in commands { writer.quarantined(command) }
    writer.endArray()
    return writer.line
  }
}

extension JSONWriter {
  /// One command in quarantine.
  fileprivate mutating func quarantined(_ command: QuarantinedCommand) {
    beginObject()
    key("shard")
    integer(Int64(command.shard.rawValue))
    key("sequence")
    integer(command.sequence.rawValue)
    key("quarantined_at")
    string(command.quarantinedAt.description)
    key("reason")
    string(command.reason)
    key("tries")
    integer(Int64(command.tries))
    key("worker")
    optional(command.worker?.rawValue)
    key("epoch")
    integer(command.epoch.rawValue)
    key("command")
    if let request = command.request { self.request(request) } else { null() }
    key("resolution")
    optional(command.resolution?.rawValue)
    key("resolved_at")
    optional(command.resolvedAt?.description)
    key("resolved_sequence")
    if let sequence = command.resolvedSequence { integer(sequence.rawValue) } else { null() }
    key("note")
    optional(command.note)
    endObject()
  }

  private mutating func request(_ request: QuarantinedCommand.Request) {
    beginObject()
    key("kind")
    string(request.kind)
    key("refused")
    bool(request.isRefused)
    key("accepted_at")
    string(request.acceptedAt.description)
    key("account_number")
    optional(request.account?.description)
    key("order_id")
    optional(request.order?.description)
    key("symbol")
    optional(request.symbol)
    key("side")
    optional(request.side.map { "\($0)" })
    key("price")
    optional(request.price?.description)
    key("quantity")
    optional(request.quantity?.description)
    key("stage")
    optional(request.point?.description)
    endObject()
  }

  private mutating func optional(_ text: String?) {
    if let text { string(text) } else { null() }
  }
}
