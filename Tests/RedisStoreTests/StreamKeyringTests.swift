import Lifecycle
import Ports
import Testing

@testable import RedisStore

@Suite struct StreamKeyringTests {
  private let keys = TestKeys([1])
  private let reports = Lock<[String?]>([])

  private func keyring(period: Duration = .seconds(600), searchPause: Duration = .seconds(600)) -> StreamKeyring {
    StreamKeyring(keys, period: period, searchPause: searchPause) { [reports] failure in
      reports.withLock { $0.append(failure) }
    }
  }

  @Test func keysAreReadOnceForAllWhoAskAtOnce() async throws {
    let keyring = keyring()
    try await withThrowingTaskGroup { group in
      for _ in 0..<50 { group.addTask { _ = try await keyring.current() } }
      try await group.waitForAll()
    }
    #expect(keys.readings == 1)
  }

  @Test func anUnknownKeyIsLookedForOnceAPause() async throws {
    let keyring = keyring()
    let old = try await keyring.current()
    keys.set([1, 2])
    let new = try #require(await keyring.search(beyond: old))
    #expect(new.reading > old.reading)
    for _ in 0..<100 { #expect(await keyring.search(beyond: new) == nil) }
    #expect(keys.readings == 2, "entries under keys that never were must not make a process ask all the time")
    #expect(try await keyring.current().reading == new.reading)
  }

  @Test func oldKeysAreReadAnewBehindTheAnswer() async throws {
    let keyring = keyring(period: .zero)
    let first = try await keyring.current().reading
    while try await keyring.current().reading == first { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test func keysThatWereReadServeWhileTheDatabaseIsAwayAndThatIsReportedOnce() async throws {
    let keyring = keyring(period: .zero)
    _ = try await keyring.current()
    keys.fail()
    while reports.withLock({ $0.isEmpty }) {
      _ = try await keyring.current()
      try await Task.sleep(for: .milliseconds(1))
    }
    let readings = keys.readings
    while keys.readings < readings + 5 {
      _ = try await keyring.current()
      try await Task.sleep(for: .milliseconds(1))
    }
    keys.set([1])
    while reports.withLock({ $0.count }) < 2 {
      _ = try await keyring.current()
      try await Task.sleep(for: .milliseconds(1))
    }
    let reported = reports.withLock { $0 }
    #expect(reported.count == 2 && reported[0]?.contains("away") == true && reported[1] == nil)
  }

  @Test func withoutKeysThatIsSaidAndNotAskedInALoop() async throws {
    keys.fail()
    let keyring = keyring()
    for _ in 0..<20 {
      let failure = await #expect(throws: StreamError.self) { try await keyring.current() }
      #expect(failure?.reason.contains("keys") == true)
    }
    #expect(keys.readings == 1)
    let empty = TestKeys([])
    let failure = await #expect(throws: StreamError.self) { try await StreamKeyring(empty) { _ in }.current() }
    #expect(failure?.reason.contains("buttonwood") == true)
  }

  /// A secret that reaches a log is one no more.
  @Test func noTextOfAKeyShowsItsSecret() {
    let key = TestKeys.key(7)
    var dumped = ""
    dump([key], to: &dumped)
    for text in ["\(key)", String(reflecting: key), "\([key])", dumped] {
      #expect(!text.contains("secret") && !text.contains("\(key.secret[1]), \(key.secret[2])"), "\(text)")
    }
  }
}
