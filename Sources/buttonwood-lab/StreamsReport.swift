internal import Accounting
internal import LabKit
internal import Lifecycle
internal import Market

/// What a run of `bench streams` measured.
struct StreamsReport {
  /// What a load measured; times are in microseconds.
  struct Phase {
    var load: SystemLoadResult
    var settled: SystemLedger.Measurement
    /// Nanoseconds until everything was settled.
    var span: Int64
    var isDrained: Bool
    var memory: ProcessMemory?
    var gatewayTime: Int64?
    var workerTime: Int64?
    /// PostgreSQL's, for all that the system asked of it.
    var serverTime: Int64 = 0

    /// Commands settled a second.
    var settledPerSecond: Int64 { settled.commands * 1_000_000_000 / max(1, span) }
    /// The median from acceptance to settlement.
    var medianToSettled: Int64 { settled.microseconds.first ?? 0 }
    var isSound: Bool { isDrained && load.errors == 0 && load.unanswered == 0 }

    /// A time divided by the commands settled.
    func perCommand(_ time: Int64) -> Int64 { time / max(1, settled.commands) }
  }

  let streams: Int
  var baseline: Phase?
  var loaded: Phase?
  var memoryBefore: ProcessMemory?
  var memoryIdle: ProcessMemory?
  /// Nanoseconds until all streams were open or refused.
  var openingTime: Int64 = 0
  /// The gateways' CPU time in a second with streams open and without events, in microseconds.
  var idle: Int64?
  var tally = StreamCrowd.Tally()
  var verdict = StreamVerdict()
  /// Streams that did not get exactly what they had to.
  var wrongStreams = 0
  /// Events in the ledger.
  var events = 0
  /// From commit to client, or from decision to client where the commit's time is not kept.
  var delay = LatencyHistogram()
  var hasCommitTimes = false

  init(streams: Int) { self.streams = streams }

  var isOpen: Int { tally.opened - tally.dropped }

  /// Whether every stream was open to the end and got everything once and in order, and no order was lost.
  var isSound: Bool {
    isOpen == streams && wrongStreams == 0 && baseline?.isSound == true && loaded?.isSound == true
  }

  /// Compares what the streams that are open to the end got with the ledger, and takes the times.
  mutating func judge(
    _ records: [StreamCrowd.Record], accounts: [AccountNumber], events: SystemLedger.Events, start: Timestamp
  ) {
    self.events = events.count
    hasCommitTimes = !events.commits.isEmpty
    for record in records where record.isOpen {
      let account = accounts[record.place.account]
      // Events of the load before may have been under way still when the stream was opened.
      let received = record.times.filter { $0 > start.rawValue }
      let one = StreamVerdict(received: received, expected: events.times[account] ?? [])
      verdict.add(one)
      if one != StreamVerdict() { wrongStreams += 1 }
      for (time, arrival) in zip(record.times, record.arrivals) where time > start.rawValue {
        let id = EventID(at: Timestamp(rawValue: time), account: account)
        guard let begin = hasCommitTimes ? events.commits[id] : time else { continue }
        delay.record((arrival - begin) * 1000)
      }
    }
  }

  /// What one stream took of the gateways' memory in KiB, in tenths.
  func tenthsOfKiBPerStream(_ later: ProcessMemory?) -> Int64? {
    guard let later, let memoryBefore, isOpen > 0 else { return nil }
    return (later.proportional - memoryBefore.proportional) * 10 / Int64(isOpen)
  }

  /// How many times as much as without streams, in hundredths.
  func ratio(_ value: (Phase) -> Int64?) -> Int64? {
    guard let baseline, let loaded, let before = value(baseline), let after = value(loaded), before > 0 else {
      return nil
    }
    return after * 100 / before
  }

  /// Events that reached clients a second.
  var eventsPerSecond: Int64 { Int64(tally.events) * 1_000_000_000 / max(1, loaded?.span ?? 1) }
}
