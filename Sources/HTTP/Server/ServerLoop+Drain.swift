internal import CMicroHTTPD
internal import Glibc
internal import Lifecycle

/// How far a drain has come; times are monotonic nanoseconds.
struct Drain {
  /// How often an idle loop looks after its drain.
  static let step: Int64 = 5_000_000

  var graceEnd: Int64
  var nextPoll: Int64 = 0
}

/// The beginning and the end of a loop, as other threads see them.
struct LoopEnds {
  var isStarted = false
  /// When the drain that was asked for is over at the latest, in monotonic nanoseconds.
  var drainDeadline: Int64?
  /// Whether all was answered; known once drained.
  var outcome: Bool?
  var waiters: [@Sendable (Bool) -> Void] = []
}

extension ServerLoop {
  /// Asks the loop to drain within a span of nanoseconds; an earlier request can only be shortened.
  func requestDrain(within span: Int64) {
    let (sum, isFar) = HostClock.monotonicNanoseconds().addingReportingOverflow(span)
    let deadline = isFar ? Int64.max : sum
    ends.withLock { $0.drainDeadline = min($0.drainDeadline ?? .max, deadline) }
    start()
    executor.wake()
  }

  /// Calls `ended` once drained, at once if it is, with whether all was answered.
  func whenDrained(_ ended: @escaping @Sendable (Bool) -> Void) {
    let outcome: Bool? = ends.withLock { ends in
      if ends.outcome == nil { ends.waiters.append(ended) }
      return ends.outcome
    }
    if let outcome { ended(outcome) }
  }

  /// One round's part of the drain, if one was asked for.
  func stepDrain() {
    guard daemon != nil, let deadline = ends.withLock({ $0.drainDeadline }) else { return }
    if drain == nil {
      closeListener()
      drain = Drain(graceEnd: now + configuration.drainGrace.wholeNanoseconds)
    }
    guard now >= drain!.nextPoll else { return }
    drain!.nextPoll = now + Drain.step
    if records.isEmpty && door?.hasGuests != true {
      endDrain(answeredAll: true)
    } else if now >= deadline {
      cutConnections()
      endDrain(answeredAll: false)
    } else if now >= drain!.graceEnd {
      door?.dismissSilent()
      for record in records where isIdle(record) { shutdown(record.socket, Int32(SHUT_RDWR)) }
    }
  }

  private func isIdle(_ record: ConnectionRecord) -> Bool {
    guard case .idle = record.phase else { return false }
    return buttonwood_bytes_waiting(record.socket) == 0
  }

  private func endDrain(answeredAll: Bool) {
    stopDaemon()
    let waiters = ends.withLock { ends in
      defer { ends.waiters = [] }
      ends.outcome = answeredAll
      return ends.waiters
    }
    for ended in waiters { ended(answeredAll) }
  }
}
