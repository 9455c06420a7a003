/// Commands that may go out, first in, first out.
struct ReplayQueue: Sendable {
  private var jobs: [ReplayJob] = []
  private var head = 0

  mutating func append(_ job: ReplayJob) { jobs.append(job) }

  mutating func popFirst() -> ReplayJob? {
    guard head < jobs.count else { return nil }
    defer {
      head += 1
      if head == jobs.count {
        jobs.removeAll(keepingCapacity: true)
        head = 0
      } else if head >= 1024 {
        jobs.removeFirst(head)
        head = 0
      }
    }
    return jobs[head]
  }

  /// Drops what was never sent; returns how many these were.
  mutating func removeUnsent() -> Int {
    jobs.removeFirst(head)
    head = 0
    let before = jobs.count
    jobs.removeAll { $0.attempts == 0 }
    return before - jobs.count
  }
}

extension ReplayJob {
  /// The order is being looked up.
  var isLookup: Bool {
    if case .find = call { true } else { false }
  }

  var isReplace: Bool {
    if case .replace = work { true } else { false }
  }

  /// How the command is counted.
  var kind: ReplayTally.Kind {
    switch work {
    case .submit(let order): order.isImmediate ? .take : .order
    case .replace: .replace
    case .cancel: .cancel
    }
  }
}
