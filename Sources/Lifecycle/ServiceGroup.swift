/// The services of a process with one life cycle: they begin in order and stop in the reverse order, each when those after it
/// have stopped, so that what others rest upon is there to the end.
///
/// Their tasks are its own and not children of the caller's: a service that does not end must not keep the process from ending.
public struct ServiceGroup: Sendable {
  /// How a run ended.
  public struct Outcome: Hashable, Sendable {
    /// The service that ended, or failed, before anybody had asked the group to stop; it was stopped for that.
    public var endedEarly: String?
    /// Those that had not ended when the time for stopping was over, in the order in which they should have.
    public var overdue: [String] = []

    /// Whether it was asked to stop and all have ended.
    public var isClean: Bool { endedEarly == nil && overdue.isEmpty }
  }

  /// What befalls a service, for a log.
  public enum Event: Sendable {
    /// It ended before anybody had asked it to; `error` is what it threw.
    case endedEarly(service: String, error: (any Error)?)
    /// It has not ended in time and is left behind.
    case overdue(service: String)
  }

  private let services: [any Service]
  private let deadline: Duration
  private let report: @Sendable (Event) -> Void

  /// Makes a group.
  /// - Parameters:
  ///   - services: In the order in which they begin.
  ///   - deadline: How long all of them together may take to stop.
  ///   - report: Hears what befalls them; must not block.
  public init(
    _ services: [any Service], deadline: Duration, report: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.services = services
    self.deadline = deadline
    self.report = report
  }

  /// Runs the services until `asked` returns, one of them ends or the caller's task is canceled, and then stops all of them.
  public func run(until asked: @escaping @Sendable () async -> Void) async -> Outcome {
    let end = Signal()
    let outcome = Lock(Outcome())
    let members = services.map { service in
      Member(service) { [report] error in
        let isEarly = outcome.withLock { outcome in
          guard !end.isGiven, outcome.endedEarly == nil else { return false }
          outcome.endedEarly = service.name
          return true
        }
        if isEarly { report(.endedEarly(service: service.name, error: error)) }
        end.give()
      }
    }
    let asking = Task {
      await asked()
      end.give()
    }
    await end.wait()
    // A canceled caller comes here without: those who end from now on do not end early.
    end.give()
    asking.cancel()
    let clock = ContinuousClock()
    let moment = clock.now + deadline
    for member in members.reversed() {
      guard await !member.end(by: moment, clock) else { continue }
      outcome.withLock { $0.overdue.append(member.name) }
      report(.overdue(service: member.name))
    }
    return outcome.withLock { $0 }
  }

  /// A service at work.
  private struct Member: Sendable {
    /// What a service that has been canceled gets to notice it, when the time for stopping is over.
    private static let grace = Duration.milliseconds(100)

    private let service: any Service
    private let ended = Signal()
    private let task: Task<Void, Never>

    var name: String { service.name }

    init(_ service: any Service, onEnd: @escaping @Sendable ((any Error)?) -> Void) {
      self.service = service
      task = Task { [ended] in
        do {
          try await service.run()
          onEnd(nil)
        } catch {
          onEnd(error)
        }
        ended.give()
      }
    }

    /// Stops it.
    /// - Returns: Whether it has ended.
    func end(by moment: ContinuousClock.Instant, _ clock: ContinuousClock) async -> Bool {
      // What has ended by itself has nothing left to stop.
      if !ended.isGiven {
        let isStopped = Signal()
        Task {
          await service.stop()
          isStopped.give()
        }
        _ = await isStopped.wait(atMost: max(moment - clock.now, Self.grace))
      }
      task.cancel()
      return await ended.wait(atMost: max(moment - clock.now, Self.grace))
    }
  }
}
