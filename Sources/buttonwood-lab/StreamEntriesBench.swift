import Digest
import LabKit
import Lifecycle
import Market
import Ports
import RedisStore

/// `bench stream-entries`: what the signatures of stream entries cost publishers and workers.
enum StreamEntriesBench {
  static func run(_ arguments: [String]) -> Int32 {
    var line = CommandLineOptions(
      "buttonwood-lab bench stream-entries",
      """
      Writes, signs, checks and reads stream entries of orders in memory, on one core, without a server: nanoseconds an \
      entry, best of five rounds.
      """, arguments)
    let count = line.integer(
      "entries", default: 100_000, in: 1...10_000_000, help: "Entries in a round; all are kept in memory.")
    let printsJSON = line.flag("json", help: "Prints JSON.")
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }

    let work = StreamEntryWork(key: StreamKey(id: 1, secret: SecureRandom.bytes(StreamKey.secretBytes)))
    let entries = (1...Int64(count)).map(entry)
    let texts = entries.map { work.text($0) }
    let signatures = zip(entries, texts).map { work.signature(of: $1, $0.shard, $0.sequence) }
    let steps: [(name: String, nanoseconds: Double)] = [
      ("write", cost(count) { work.text(entries[$0]).count }),
      ("sign", cost(count) { work.signature(of: texts[$0], entries[$0].shard, entries[$0].sequence).count }),
      (
        "check",
        cost(count) { work.isGood(signatures[$0], on: texts[$0], entries[$0].shard, entries[$0].sequence) ? 1 : 0 }
      ),
      ("read", cost(count) { work.row(of: texts[$0], entries[$0].shard, entries[$0].sequence) == nil ? 0 : 1 }),
    ]
    let bytes = texts.reduce(0) { $0 + $1.count } / count
    if printsJSON {
      let fields = steps.map { "\"\($0.name)_ns\":\(tenths($0.nanoseconds))" }.joined(separator: ",")
      Console.write("{\"entries\":\(count),\"text_bytes\":\(bytes),\(fields)}\n")
    } else {
      var table = TextTable([.left("step"), .right("ns an entry")])
      for step in steps { table.add([step.name, tenths(step.nanoseconds)]) }
      Console.write("\(count) entries of \(bytes) bytes\n\(table.text)")
    }
    return 0
  }

  /// An order as clients place it.
  private static func entry(_ number: Int64) -> LogEntry {
    let shard = Shard(rawValue: Int16(number % 16))
    let moment = Timestamp(rawValue: 1_764_000_000_000_000 + number)
    let order = PlaceOrder(
      id: .order(submittedAt: moment, shard: shard, random: UInt64(number) &* 0x9E37_79B9_7F4A_7C15),
      account: AccountNumber(rawValue: 100_000_001 + number % 1_000), instrument: InstrumentID(rawValue: 17),
      terms: OrderTerms(
        number.isMultiple(of: 2) ? .buy : .sell, Quantity(rawValue: 100),
        at: Price(rawValue: 1_000_000 + number % 100 * 100)))
    return LogEntry(
      shard: shard, sequence: Sequence(rawValue: number), acceptedAt: moment, command: .place(order),
      timeline: DatabaseTimeline(rawValue: 6_917_529_027_641_081_856))
  }

  /// Nanoseconds an entry in the best of five rounds.
  private static func cost(_ count: Int, _ step: (Int) -> Int) -> Double {
    var best = Int64.max
    var sum = 0
    for _ in 0..<5 {
      let begun = HostClock.monotonicNanoseconds()
      for index in 0..<count { sum &+= step(index) }
      best = min(best, HostClock.monotonicNanoseconds() - begun)
    }
    // The sum keeps the work from being left out.
    precondition(sum > 0)
    return Double(best) / Double(count)
  }

  private static func tenths(_ value: Double) -> String {
    let whole = Int((value * 10).rounded())
    return "\(whole / 10).\(whole % 10)"
  }
}
