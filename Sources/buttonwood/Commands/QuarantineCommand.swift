internal import Lifecycle
internal import Market

/// `buttonwood quarantine`: the commands that look after what workers could not carry out.
enum QuarantineCommand {
  private static let table = CommandTable(
    "buttonwood quarantine",
    """
    Looks after commands that made their worker fail again and again and were set aside, so that their shard goes on. \
    A command in quarantine is open: its order keeps its hold and is in no book; cancels of it are rejected until it is \
    carried out again or refused here.
    """,
    [
      .init("list", "Lists commands in quarantine with the reason.") { await QuarantineListCommand.run($0) },
      .init("retry", "Has a command carried out again.") { await QuarantineResolveCommand.retry($0) },
      .init("refuse", "Has a command rejected.") { await QuarantineResolveCommand.refuse($0) },
    ])

  /// Runs the command that the first word names and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 { await table.run(arguments) }
}

extension CommandLineOptions {
  /// Reads which command of which log a command is about.
  mutating func logPlace() -> (shard: Shard, sequence: Sequence) {
    let shard = number("SHARD", in: 0...Int64(Int16.max), help: "The shard.")
    let sequence = number("SEQUENCE", in: 1...Int64.max, help: "The command's sequence in the shard's log.")
    return (Shard(rawValue: Int16(shard)), Sequence(rawValue: sequence))
  }

  private mutating func number(_ placeholder: String, in range: ClosedRange<Int64>, help: String) -> Int64 {
    let text = argument(placeholder, help: help)
    if let number = Int64(text), range.contains(number) { return number }
    if !text.isEmpty {
      mistake("\(placeholder): \"\(text)\" is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return range.lowerBound
  }
}
