import Lifecycle
import Testing

@Suite struct AlarmTests {
  @Test func itRingsOnce() async {
    let rung = Signal()
    let alarm = Alarm(after: .milliseconds(1)) { rung.give() }
    await rung.wait()
    alarm.putOff()
  }

  @Test func putOffOrLetGoItDoesNotRing() async throws {
    let rings = Lock(0)
    let alarm = Alarm(after: .seconds(3_600)) { rings.withLock { $0 += 1 } }
    alarm.putOff()
    do { _ = Alarm(after: .seconds(3_600)) { rings.withLock { $0 += 1 } } }
    // Whoever is canceled wakes at once: had one rung for it, this would show it.
    for _ in 0..<100 { await Task.yield() }
    #expect(rings.withLock { $0 } == 0)
  }
}
