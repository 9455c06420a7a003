internal import Recordings
import EngineLab
import Glibc
import LabKit
import Matching

/// `bench engine`: the matching engine alone, in memory.
enum EngineBench {
  static let help = """
    buttonwood-lab bench engine [FILE…] [--json] [--commands N] [--symbols N] [--seed N] [--batch N]

    Runs the matching engine on one core, in memory, on a generated flow and on each FILE: a MEWL workload (.mewl, plain
    or gzip) or a converted stream of a venue's messages (CSV as for verify). All orders are of no account.

      --commands N  commands of the generated flow (default 1010000)
      --symbols N   its instruments (default 1, at most 65536)
      --seed N      its seed (default 1)
      --batch N     commands handed to the engine at a time (default 1024)
      --json        JSON instead of the table

    Time is CPU time inside the engine; memory is what the engine holds divided by the most orders that rested at a time.
    The digest (MEWL's: FNV-1a over all trades) is the same for every right engine.

    Instructions per command, repeatable to a few parts per million:
      valgrind --tool=callgrind --toggle-collect='*5apply_4intoys4Span*VGztF' \\
        buttonwood-lab bench engine FILE --commands 0
    and divide "Collected" by the commands: only the engine is counted, not the reading of the file.

    """

  static func run(_ arguments: [String]) -> Int32 {
    do {
      guard let options = try Options(arguments) else {
        print(help, terminator: "")
        return 0
      }
      var results: [EngineMeasurement] = []
      if options.commands > 0 {
        let flow = GeneratedFlow(commands: options.commands, symbols: options.symbols, seed: options.seed)
        results.append(try EngineMeasurement(flow, batch: options.batch))
      }
      for path in options.files { results.append(try measure(path, batch: options.batch)) }
      print(options.json ? json(results) : table(results))
      return 0
    } catch {
      let line = "buttonwood-lab bench engine: \(error)\n"
      _ = line.utf8CString.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, line.utf8.count) }
      return 2
    }
  }

  private static func measure(_ path: String, batch: Int) throws(RecordingError) -> EngineMeasurement {
    if path.hasSuffix(".mewl") || path.hasSuffix(".mewl.gz") {
      return try EngineMeasurement(try MEWLFile(path), batch: batch)
    }
    return try EngineMeasurement(try StreamWorkload(path), batch: batch)
  }

  private static func table(_ results: [EngineMeasurement]) -> String {
    results.map { result in
      let digest = result.digest
      return """
        \(result.name)
          commands \(digest.commands), \(result.commandsPerSecond) a second, \(result.nanosecondsPerCommand) ns each
          memory \(result.bytesPerOrder) bytes a resting order (\(result.bytes) bytes, at most \(result.peakResting) orders)
          trades \(digest.trades), quantity \(digest.quantity), notional \(digest.notional), hash \(hex(digest.tradeHash.value))
          cancels done \(digest.cancelsDone), missed \(digest.cancelsMissed), quantity cancelled \(digest.quantityCanceled)
          resting \(digest.resting), hash \(hex(digest.restingHash.value))
        """
    }.joined(separator: "\n")
  }

  private static func json(_ results: [EngineMeasurement]) -> String {
    let objects = results.map { result in
      let digest = result.digest
      return """
          {"workload": \(JSONText.string(result.name).text), "commands": \(digest.commands), \
        "commands_per_second": \(result.commandsPerSecond), "ns_per_command": \(result.nanosecondsPerCommand), \
        "bytes_per_order": \(result.bytesPerOrder), "peak_resting": \(result.peakResting), "trades": \(digest.trades), \
        "quantity": \(digest.quantity), "notional": \(digest.notional), "trade_hash": "\(hex(digest.tradeHash.value))", \
        "cancels_done": \(digest.cancelsDone), "cancels_missed": \(digest.cancelsMissed), \
        "quantity_cancelled": \(digest.quantityCanceled), "resting": \(digest.resting), \
        "resting_hash": "\(hex(digest.restingHash.value))"}
        """
    }
    return "[\n" + objects.joined(separator: ",\n") + "\n]"
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

extension EngineMeasurement {
  fileprivate var commandsPerSecond: Int64 { Int64(digest.commands) * 1_000_000_000 / max(1, nanoseconds) }

  /// With one decimal.
  fileprivate var nanosecondsPerCommand: String { tenths(nanoseconds, Int64(digest.commands)) }

  /// With one decimal.
  fileprivate var bytesPerOrder: String { tenths(Int64(bytes), Int64(peakResting)) }

  private func tenths(_ dividend: Int64, _ divisor: Int64) -> String {
    let value = dividend * 10 / max(1, divisor)
    return "\(value / 10).\(value % 10)"
  }
}
