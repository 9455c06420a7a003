package import Recordings
internal import Glibc
internal import Matching

/// The engine's speed and memory on a workload.
package struct EngineMeasurement: Sendable {
  /// The workload.
  package let name: String
  /// What it led to.
  package private(set) var digest = WorkloadDigest()
  /// CPU time spent in the engine.
  package private(set) var nanoseconds: Int64 = 0
  /// The most orders that rested at the end of a batch.
  package private(set) var peakResting = 0
  /// Bytes that the engine holds at the end.
  package private(set) var bytes = 0

  /// Runs a workload in batches. Making the commands and looking at the events is not measured.
  package init(_ workload: some Workload, batch: Int) throws(RecordingError) {
    var workload = workload
    name = workload.name
    var engine = MatchingEngine()
    var commands: [BookCommand] = []
    var events: [BookEvent] = []
    while true {
      commands.removeAll(keepingCapacity: true)
      try workload.next(batch, into: &commands)
      if commands.isEmpty { break }
      events.removeAll(keepingCapacity: true)
      let start = EngineMeasurement.processorTime()
      engine.apply(commands, into: &events)
      nanoseconds += EngineMeasurement.processorTime() - start
      digest.add(events, of: commands.count)
      peakResting = max(peakResting, engine.restingCount)
    }
    bytes = engine.memoryFootprint
    digest.finish(engine)
  }

  private static func processorTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
