import Market
import Testing

@testable import RedisStore

@Suite struct LogEntryTextTests {
  private let shard = Shard(rawValue: 17)

  private func text(_ entry: LogEntry) -> [UInt8] {
    var bytes: [UInt8] = []
    LogEntryText.write(entry, to: &bytes)
    return bytes
  }

  private func parse(_ text: some Swift.Sequence<UInt8>, sequence: Int64 = 9) -> LogEntry? {
    LogEntryText.parse(Array(text), shard: shard, sequence: Sequence(rawValue: sequence))
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func everyEntryComesBackExactly(seed: UInt64) {
    var random = SplitMix(seed: seed)
    for sequence in 1...10_000 as ClosedRange<Int64> {
      let entry = LogEntry.random(shard: shard, sequence: sequence, &random)
      #expect(parse(text(entry), sequence: sequence) == entry)
    }
  }

  /// So a line that is understood at all means one thing, whoever wrote it.
  @Test(arguments: [4, 5] as [UInt64])
  func whateverIsUnderstoodHasOneText(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var understood = 0
    for _ in 1...20_000 {
      var line = text(.random(shard: shard, sequence: 9, &random))
      for _ in 0...Int.random(in: 0...1, using: &random) {
        let place = Int.random(in: 0..<line.count, using: &random)
        let printable = UInt8.random(in: 0x20...0x7E, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: line[place] = printable
        case 1: line.insert(printable, at: place)
        case 2: line.remove(at: place)
        default: line[place] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &random)
        }
      }
      guard let entry = parse(line) else { continue }
      understood += 1
      #expect(text(entry) == line, "\(String(decoding: line, as: UTF8.self))")
    }
    #expect(understood > 100)
  }

  @Test func cutLinesAreMalformed() {
    var random = SplitMix(seed: 6)
    for _ in 1...100 {
      var entry = LogEntry.random(shard: shard, sequence: 9, &random)
      entry.timeline = .unnamed
      let line = text(entry)
      // Cut inside the moment at the end, a shorter number is a number as well.
      let moment = line.lastIndex(of: UInt8(ascii: "="))!
      for end in 0...moment { #expect(parse(line[..<end]) == nil) }
    }
  }

  private static let id = "0190c2a4-0000-7000-8000-000000000011"

  @Test func lineIsReadable() {
    let order = PlaceOrder(
      id: UniqueID(Self.id)!, account: AccountNumber(rawValue: 17), instrument: InstrumentID(rawValue: 3),
      terms: OrderTerms(.buy, Quantity(rawValue: 100), at: Price(rawValue: 100_500), postOnly: true))
    func line(_ command: Command, isRefused: Bool = false) -> String {
      let entry = LogEntry(
        shard: shard, sequence: Sequence(rawValue: 9), acceptedAt: Timestamp(rawValue: 1_764_000_000_000_000),
        command: command, isRefused: isRefused)
      return String(decoding: text(entry), as: UTF8.self)
    }
    let placed = "\(Self.id) acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest post at=1764000000000000"
    #expect(line(.place(order)) == "place \(placed)")
    #expect(line(.place(order), isRefused: true) == "refused place \(placed)")
    let target = CancelOrder(
      target: order.id, targetSequence: Sequence(rawValue: 8), account: order.account, instrument: order.instrument)
    #expect(line(.cancel(target)) == "cancel \(Self.id) row=8 acct=17 inst=3 at=1764000000000000")
    let replacement = ReplaceOrder(
      order: order, target: order.id, targetSequence: Sequence(rawValue: 8), extraHold: -500)
    #expect(line(.replace(replacement)) == "replace \(Self.id) row=8 extra=-500 by \(placed)")
  }

  @Test(arguments: [
    "", " ", "place", "refused ", "refused refused cancel \(id) row=1 acct=17 inst=3 at=1",
    "PLACE \(id) acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 0 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy -1 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 10000001 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ -10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ 10.050 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ 10.00001 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ 10. limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ 10000000.0001 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ 99999999999999999999 limit day stp=newest at=1",
    "place \(id) acct=017 inst=3 buy 100 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=2147483648 buy 100 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=9223372036854775808 inst=3 buy 100 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 hold 100 @ 10.05 limit day stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ 10.05 limit moc stp=newest at=1",
    "place \(id) acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=1 ",
    "place \(id) acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=-1",
    "place 0190C2A4-0000-7000-8000-000000000011 acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=1",
    "place 0190c2a4000070008000000000000011 acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=1",
    "cancel \(id) row=-1 acct=17 inst=3 at=1", "cancel \(id) acct=17 inst=3 at=1",
    "replace \(id) row=8 extra=-0 by \(id) acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=1",
    "replace \(id) row=8 extra=1000000000000000001 by \(id) acct=17 inst=3 buy 1 @ 1 limit day stp=newest at=1",
  ])
  func malformedLineIsNothing(line: String) { #expect(parse(line.utf8) == nil) }

  @Test func bytesThatAreNoTextAreNothing() {
    var random = SplitMix(seed: 7)
    for length in 0..<500 { #expect(parse((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }) == nil) }
  }
}
