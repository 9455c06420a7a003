import Market
import Testing

/// A close that ends many orders costs few looks and no row too many, and what does not end is left alone.
@Suite struct ExpiryPlanTests {
  private static let noon = NewYorkTime.moment(Day("2026-11-23")!, hour: 12, minute: 0)
  private static func after(_ seconds: Int64) -> Timestamp { noon.advanced(byMicroseconds: seconds * 1_000_000) }

  /// A closed instrument of a shard.
  private static func closed(_ name: Int32, in shard: Int16 = 0, instructed: Int64 = 1, processed: Int64 = 1)
    -> InstrumentProgress
  {
    let point = SessionPoint(Day("2026-11-23")!, .closed)
    return InstrumentProgress(
      InstrumentID(rawValue: name), shard: Shard(rawValue: shard),
      instructed: .init(
        point: point, sequence: Sequence(rawValue: instructed), closedSequence: Sequence(rawValue: 1), isCleared: false),
      processed: Sequence(rawValue: processed))
  }

  private static func due(_ counts: [Int32: Int64]) -> [InstrumentID: DueOrders] {
    Dictionary(uniqueKeysWithValues: counts.map { (InstrumentID(rawValue: $0), DueOrders(count: $1)) })
  }

  private static func limits(_ parts: [InstrumentID: [ExpireOrders]], _ name: Int32) -> [Int64] {
    parts[InstrumentID(rawValue: name)]?.map(\.limit) ?? []
  }

  @Test func aMillionOrdersAreCountedTwiceAndReportedInBoundedParts() {
    var plan = ExpiryPlan()
    var left: [Int32: Int64] = Dictionary(uniqueKeysWithValues: (0..<8).map { ($0, $0 == 0 ? 125_001 : 125_000) })
    var instructed: [Int32: Int64] = [:]
    var (counts, turns, sequence) = (0, 0, Int64(1))
    var cleared: Set<InstrumentID> = []
    while cleared.count < 8, turns < 10_000 {
      turns += 1
      let allProgress = (0..<8).map {
        Self.closed(Int32($0), in: Int16($0), instructed: instructed[Int32($0)] ?? 1, processed: sequence)
      }.filter { !cleared.contains($0.instrument) }
      let asked = plan.observe(allProgress, at: Self.noon)
      counts += asked.count
      #expect(plan.count(asked, Self.due(left), at: Self.noon).isEmpty)
      cleared.formUnion(asked.map(\.instrument).filter { left[$0.rawValue] == 0 })
      let parts = plan.parts(allProgress, at: Self.noon)
      let orders = parts.values.joined().reduce(0) { $0 + $1.limit }
      #expect(orders <= plan.limits.ordersAhead)
      for (instrument, own) in parts {
        #expect(own.allSatisfy { $0.limit <= plan.limits.ordersOfPart })
        sequence += Int64(own.count)
        instructed[instrument.rawValue] = sequence
        plan.instructed(own, last: Sequence(rawValue: sequence), at: Self.noon)
        left[instrument.rawValue]! -= own.reduce(0) { $0 + $1.limit }
      }
    }
    #expect(counts == 16, "each instrument once before and once after")
    #expect(sequence == 1_002, "no row more than there are parts")
    #expect(turns < 100)
  }

  @Test func whatIsUnderWayIsNotReportedAgainAndKeepsOthersOfItsShardFromBeingCounted() {
    var plan = ExpiryPlan()
    let allProgress = [Self.closed(1), Self.closed(2), Self.closed(3, in: 1)]
    #expect(plan.observe(allProgress, at: Self.noon).count == 3)
    #expect(plan.count(allProgress, Self.due([1: 1_500, 2: 10, 3: 5]), at: Self.noon).isEmpty)
    let parts = plan.parts(allProgress, at: Self.noon)
    #expect(Self.limits(parts, 1) == [1_000, 500] && Self.limits(parts, 2) == [10] && Self.limits(parts, 3) == [5])
    plan.instructed(parts[InstrumentID(rawValue: 1)]!, last: Sequence(rawValue: 3), at: Self.noon)
    plan.instructed(parts[InstrumentID(rawValue: 2)]!, last: Sequence(rawValue: 4), at: Self.noon)
    // Instrument 2's part has not been processed: its shard has no owner, say.
    let waiting = [
      Self.closed(1, instructed: 3, processed: 3), Self.closed(2, instructed: 4, processed: 3), allProgress[2],
    ]
    #expect(plan.observe(waiting, at: Self.noon).isEmpty)
    #expect(Set(plan.parts(waiting, at: Self.noon).keys.map(\.rawValue)) == [3])
    #expect(plan.isUnderWay(at: Self.after(9)) && !plan.isUnderWay(at: Self.after(11)), "nobody waits for ever")
    let done = [Self.closed(1, instructed: 3, processed: 4), Self.closed(2, instructed: 4, processed: 4)]
    #expect(plan.observe(done, at: Self.noon) == done)
    #expect(!plan.isUnderWay(at: Self.noon))
  }

  @Test func whatNeverEndsIsReportedLessAndLessOftenAndReportedOnce() {
    var plan = ExpiryPlan()
    var (instructed, reports, rows) = (Int64(1), 0, [Int64]())
    // Looked at ten times a second for an hour, beside an instrument whose orders end.
    for tenth in 0..<Int64(36_000) {
      let now = Self.noon.advanced(byMicroseconds: tenth * 100_000)
      let allProgress = [Self.closed(1, instructed: instructed, processed: instructed)]
      let asked = plan.observe(allProgress, at: now)
      reports += plan.count(asked, Self.due([1: 3_000]), at: now).count
      guard let parts = plan.parts(allProgress, at: now)[InstrumentID(rawValue: 1)] else { continue }
      instructed += Int64(parts.count)
      rows.append(Int64(parts.count))
      plan.instructed(parts, last: Sequence(rawValue: instructed), at: now)
    }
    #expect(reports == 1)
    #expect(rows.first == 3 && rows.dropFirst().allSatisfy { $0 == 1 }, "one part is enough for a try")
    #expect((15...25).contains(rows.count), "\(rows.count) tries in an hour")
  }

  @Test func whatEndsAfterAllIsReportedAsEver() {
    var plan = ExpiryPlan()
    let progress = Self.closed(1)
    #expect(plan.observe([progress], at: Self.noon) == [progress])
    _ = plan.count([progress], Self.due([1: 3_000]), at: Self.noon)
    plan.instructed(
      plan.parts([progress], at: Self.noon)[progress.instrument]!, last: Sequence(rawValue: 4), at: Self.noon)
    let tried = Self.closed(1, instructed: 4, processed: 4)
    let stuck = plan.count(plan.observe([tried], at: Self.noon), Self.due([1: 3_000]), at: Self.noon)
    #expect(stuck == [.init(instrument: tried.instrument, orders: 3_000)])
    #expect(plan.observe([tried], at: Self.noon).isEmpty && plan.parts([tried], at: Self.noon).isEmpty, "it rests")
    let later = Self.after(2)
    #expect(plan.observe([tried], at: later).isEmpty)
    plan.instructed(plan.parts([tried], at: later)[tried.instrument]!, last: Sequence(rawValue: 5), at: later)
    let again = Self.closed(1, instructed: 5, processed: 5)
    #expect(plan.count(plan.observe([again], at: later), Self.due([1: 2_000]), at: later).isEmpty)
    #expect(Self.limits(plan.parts([again], at: later), 1) == [1_000, 1_000])
  }

  @Test func whatSomebodyElseHasReportedIsCountedAnew() {
    var plan = ExpiryPlan()
    let progress = Self.closed(1)
    _ = plan.observe([progress], at: Self.noon)
    _ = plan.count([progress], Self.due([1: 500]), at: Self.noon)
    let other = Self.closed(1, instructed: 9, processed: 9)
    #expect(plan.observe([other], at: Self.noon) == [other])
    #expect(plan.parts([other], at: Self.noon).isEmpty, "not before it is counted")
  }
}
