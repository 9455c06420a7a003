import Lifecycle
import Market
import Ports
import Testing

@testable import Services

/// A host and a database whose clocks are set by hand.
private actor Clocks: DatabaseClock {
  var database = Timestamp(rawValue: 1_000_000_000)
  var error: StoreError?
  let host = Lock(Timestamp(rawValue: 1_000_000_000))

  func moment() throws(StoreError) -> Timestamp {
    if let error { throw error }
    return database
  }
  func fail(_ error: StoreError?) { self.error = error }
  nonisolated func set(hostAheadBy skew: Duration) {
    host.withLock { $0 = Timestamp(rawValue: 1_000_000_000 + skew.components.seconds * 1_000_000) }
  }
}

@Suite struct ClockMonitorTests {
  @Test(arguments: [
    (100, 150, 200, 0), (100, 100, 100, 0), (100, 90, 200, 10), (100, 230, 200, -30), (100, -1_000_000, 200, 1_000_100),
  ])
  func theJourneyOfTheQuestionIsNoSkew(_ asked: Int64, _ database: Int64, _ answered: Int64, _ ahead: Int64) {
    let skew = ClockSkew(
      asked: Timestamp(rawValue: asked), database: Timestamp(rawValue: database),
      answered: Timestamp(rawValue: answered))
    #expect(skew.ahead == .microseconds(ahead))
    #expect(skew.size == .microseconds(abs(ahead)))
  }

  @Test func aProcessWorksOnlyWhileItsClockIsNearTheDatabases() async throws {
    let clocks = Clocks()
    let reported = Lock<[ClockMonitor.Event]>([])
    let monitor = ClockMonitor(
      database: clocks, bound: .seconds(30), troubles: PortTroubles { _ in }, wall: { clocks.host.withLock { $0 } },
      steady: { .zero }
    ) { event in reported.withLock { $0.append(event) } }
    #expect(!monitor.isFit && monitor.complaint != nil, "it has not been compared")
    await clocks.fail(.unavailable(.connection, reason: "away"))
    await #expect(throws: StoreError.self) { try await monitor.compare() }
    #expect(!monitor.isFit)
    await clocks.fail(nil)
    for (skew, isFit, event) in [
      (0, true, nil), (2, true, "off"), (30, true, nil), (31, false, "refused"), (-31, false, nil), (-4, true, "off"),
      (1, true, "right"),
    ] as [(Int, Bool, String?)] {
      reported.withLock { $0 = [] }
      clocks.set(hostAheadBy: .seconds(skew))
      try await monitor.compare()
      #expect(monitor.isFit == isFit, "\(skew) s")
      #expect((monitor.complaint == nil) == isFit)
      let heard = reported.withLock { $0 }
      #expect(heard.count == (event == nil ? 0 : 1), "\(skew) s: \(heard)")
      if let event { #expect("\(heard[0])".hasPrefix(event)) }
    }
    clocks.set(hostAheadBy: .seconds(-45))
    try await monitor.compare()
    #expect(monitor.complaint == "this host's clock is 45.0 s behind the database's; look at its time service")
  }
}
