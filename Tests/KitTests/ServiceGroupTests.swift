import Lifecycle
import Testing

@Suite struct ServiceGroupTests {
  private struct Broken: Error {}

  /// What happened, in order.
  private final class Story: Sendable {
    private let lines = Lock([String]())
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var text: [String] { lines.withLock { $0 } }
  }

  /// Works until it is stopped or canceled, and tells.
  private struct Worker: Service {
    let name: String
    let story: Story
    let begun = Signal()
    private let stopped = Signal()

    init(_ name: String, _ story: Story) {
      self.name = name
      self.story = story
    }

    func run() async {
      begun.give()
      await Signal().wait()
      story.add("\(name) ended")
    }

    func stop() async { story.add("\(name) stops") }
  }

  private static let patient = Duration.seconds(60)

  @Test func servicesStopInReverseEachWhenThoseAfterItHaveEnded() async {
    let story = Story()
    let workers = ["a", "b", "c"].map { Worker($0, story) }
    let outcome = await ServiceGroup(workers, deadline: Self.patient).run {
      for worker in workers { await worker.begun.wait() }
      story.add("asked")
    }
    #expect(outcome.isClean)
    #expect(story.text == ["asked", "c stops", "c ended", "b stops", "b ended", "a stops", "a ended"])
  }

  @Test func whatDrainsHasItsTimeWhileTheOthersWork() async {
    let story = Story()
    let base = Worker("base", story)
    let (asked, drained) = (Signal(), Signal())
    let draining = DrainingService("draining") {
      await asked.wait()
      story.add("draining")
      await drained.wait()
      story.add("drained, cancelled: \(Task.isCancelled)")
    } stop: {
      asked.give()
      Task {
        while story.text.last != "draining" { try? await Task.sleep(for: .milliseconds(1)) }
        drained.give()
      }
    }
    let outcome = await ServiceGroup([base, draining], deadline: Self.patient).run { await base.begun.wait() }
    #expect(outcome.isClean)
    #expect(story.text == ["draining", "drained, cancelled: false", "base stops", "base ended"])
  }

  @Test(arguments: [false, true]) func aServiceThatEndsEarlyStopsTheOthersAndIsNamed(throwing: Bool) async {
    struct Early: Service {
      let name = "early"
      let isThrowing: Bool
      let after: Signal
      func run() async throws {
        await after.wait()
        if isThrowing { throw Broken() }
      }
      func stop() async { Issue.record("it has ended already") }
    }
    let story = Story()
    let worker = Worker("other", story)
    let events = Lock([String]())
    let group = ServiceGroup(
      [worker, Early(isThrowing: throwing, after: worker.begun)], deadline: Self.patient
    ) { event in
      switch event {
      case .endedEarly(let service, let error):
        events.withLock { $0.append("\(service) \(error.map { "\($0)" } ?? "-")") }
      case .overdue(let service): events.withLock { $0.append("overdue \(service)") }
      }
    }
    let outcome = await group.run { await Signal().wait() }
    #expect(outcome.endedEarly == "early" && outcome.overdue.isEmpty && !outcome.isClean)
    #expect(events.withLock { $0 } == [throwing ? "early Broken()" : "early -"])
    #expect(story.text == ["other stops", "other ended"])
  }

  @Test func whatDoesNotEndIsLeftBehindAndTheRestStillStops() async {
    /// Hears of nothing.
    struct Deaf: Service {
      let name: String
      let stopping: Signal
      let over: Signal
      func run() async { while !over.isGiven { await Task.detached { await over.wait() }.value } }
      func stop() async { await stopping.wait() }
    }
    let story = Story()
    let over = Signal()
    let base = Worker("base", story)
    let never = Deaf(name: "stop hangs", stopping: over, over: over)
    let immortal = Deaf(
      name: "run hangs",
      stopping: {
        let given = Signal(); given.give(); return given
      }(), over: over)
    let outcome = await ServiceGroup([base, never, immortal], deadline: .milliseconds(50)).run {
      await base.begun.wait()
    }
    #expect(outcome.overdue == ["run hangs", "stop hangs"] && outcome.endedEarly == nil)
    #expect(story.text == ["base stops", "base ended"])
    over.give()
  }

  @Test func aCanceledCallerStopsItsServices() async {
    let story = Story()
    let worker = Worker("a", story)
    let running = Task { await ServiceGroup([worker], deadline: Self.patient).run { await Signal().wait() } }
    await worker.begun.wait()
    running.cancel()
    #expect(await running.value.isClean)
    #expect(story.text == ["a stops", "a ended"])
  }
}

@Suite struct SignalTests {
  @Test func allWhoWaitGoOnAndLaterOnesDoNotWait() async {
    let signal = Signal()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<100 { group.addTask { await signal.wait() } }
      group.addTask { signal.give() }
      await group.waitForAll()
    }
    #expect(signal.isGiven)
    await signal.wait()
    #expect(await signal.wait(atMost: .zero))
  }

  @Test func aCanceledTaskDoesNotWait() async {
    let signal = Signal()
    for _ in 0..<200 {
      let waiting = Task { await signal.wait() }
      waiting.cancel()
      await waiting.value
    }
    #expect(!signal.isGiven)
    #expect(await !signal.wait(atMost: .milliseconds(1)))
  }
}
