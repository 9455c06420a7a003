internal import Accounting
internal import LabKit
internal import Lifecycle
internal import Market

/// One run of `bench streams`, step by step.
struct StreamsRun {
  /// How long streams may take to be opened, or events to arrive after the last is settled, without any progress.
  private static let patience: Duration = .seconds(30)
  /// How long streams are open without events, to see what they cost.
  private static let idleTime: Duration = .seconds(3)

  private let options: StreamsBench.Options
  private let ledger: SystemLedger
  private let keys: [TradingKey]

  init(_ options: StreamsBench.Options) throws(TradingKeyError) {
    self.options = options
    ledger = SystemLedger(url: options.url)
    keys = try TradingKey.load(options.load.keys)
  }

  func run() async throws -> StreamsReport {
    guard !keys.isEmpty else { throw TradingClientError.cannotStart("\(options.load.keys) names no account") }
    let numbers = try await ledger.numbers(of: keys.map(\.account))
    let accounts = numbers.compactMap(\.self)
    guard accounts.count == keys.count else {
      throw TradingClientError.cannotStart("the ledger does not have all accounts of \(options.load.keys)")
    }
    var report = StreamsReport(streams: options.streams.count)
    report.baseline = try await load()
    report.memoryBefore = ProcessMemory.of(options.gateways)
    let crowds = try Crowds(options.streams, keys: keys)
    report.openingTime = await crowds.open(patience: Self.patience)
    report.idle = await idle()
    report.memoryIdle = ProcessMemory.of(options.gateways)
    let start = try await ledger.mark()
    report.loaded = try await load()
    let events = try await ledger.events(since: start)
    await crowds.await(events: deliveries(of: events, to: accounts), patience: Self.patience)
    report.tally = crowds.tally
    report.judge(await crowds.stop(), accounts: accounts, events: events, start: start.time)
    return report
  }

  /// How many events all streams together have to bring.
  private func deliveries(of events: SystemLedger.Events, to accounts: [AccountNumber]) -> Int {
    let places = options.streams.places(accounts: accounts.count, gateways: options.streams.gateways.count)
    return places.reduce(0) { $0 + events.count(of: accounts[$1.account]) }
  }

  /// CPU time of the gateways in a second without events.
  private func idle() async -> Int64? {
    let before = ProcessorTime.microseconds(of: options.gateways)
    let start = HostClock.monotonicNanoseconds()
    try? await Task.sleep(for: Self.idleTime)
    guard let before, let after = ProcessorTime.microseconds(of: options.gateways) else { return nil }
    return (after - before) * 1_000_000_000 / max(1, HostClock.monotonicNanoseconds() - start)
  }

  private func load() async throws -> StreamsReport.Phase {
    let start = try await ledger.mark()
    let gateways = ProcessorTime.microseconds(of: options.gateways)
    let workers = ProcessorTime.microseconds(of: options.workers)
    let watch = Task { await watchMemory() }
    let began = HostClock.monotonicNanoseconds()
    let result = try await options.load.run(keys: keys)
    let isDrained = await ledger.drain(atMost: .seconds(60))
    let span = HostClock.monotonicNanoseconds() - began
    watch.cancel()
    let settled = try await ledger.measure(since: start)
    var phase = StreamsReport.Phase(load: result, settled: settled, span: span, isDrained: isDrained)
    phase.memory = await watch.value
    phase.serverTime = (settled.cpu - start.cpu) / 1000
    phase.gatewayTime = gateways.flatMap { then in ProcessorTime.microseconds(of: options.gateways).map { $0 - then } }
    phase.workerTime = workers.flatMap { then in ProcessorTime.microseconds(of: options.workers).map { $0 - then } }
    return phase
  }

  /// The most memory that the gateways held, looked at twice a second until canceled.
  private func watchMemory() async -> ProcessMemory? {
    var most: ProcessMemory?
    while !Task.isCancelled {
      if let now = ProcessMemory.of(options.gateways) { most = most.map { $0.most(now) } ?? now }
      try? await Task.sleep(for: .milliseconds(500))
    }
    return most
  }
}

/// The streams of a run: those that are timed, and all others.
private struct Crowds {
  private let crowds: [StreamCrowd]
  private let records: [Task<[StreamCrowd.Record], Never>]
  private let count: Int

  init(_ options: StreamOptions, keys: [TradingKey]) throws(TradingClientError) {
    let places = options.places(accounts: keys.count, gateways: options.gateways.count)
    let sample = places.indices.filter { options.isSample($0) }.map { places[$0] }
    let others = places.indices.filter { !options.isSample($0) }.map { places[$0] }
    count = places.count
    let crowds = [
      try StreamCrowd(sample, gateways: options.gateways, keys: keys, keepsArrivals: true),
      try StreamCrowd(others, gateways: options.gateways, keys: keys, keepsArrivals: false),
    ]
    self.crowds = crowds
    records = crowds.map { crowd in Task { await onThread("streams") { crowd.run() } } }
  }

  var tally: StreamCrowd.Tally {
    var sum = StreamCrowd.Tally()
    for crowd in crowds { sum.add(crowd.tally) }
    return sum
  }

  /// Waits until each stream is open or refused; returns how many nanoseconds that took.
  func open(patience: Duration) async -> Int64 {
    let start = HostClock.monotonicNanoseconds()
    await progress(patience) {
      $0.opened + $0.refused
    } until: {
      $0 >= count
    }
    return HostClock.monotonicNanoseconds() - start
  }

  /// Waits until so many events have come.
  func await(events wanted: Int, patience: Duration) async {
    await progress(patience) {
      $0.events
    } until: {
      $0 >= wanted
    }
  }

  /// Closes all; what each got.
  func stop() async -> [StreamCrowd.Record] {
    for crowd in crowds { crowd.stop() }
    var all: [StreamCrowd.Record] = []
    for task in records { all += await task.value }
    return all
  }

  /// Waits until a count suffices, or has not grown for a time.
  private func progress(
    _ patience: Duration, _ value: (StreamCrowd.Tally) -> Int, until isEnough: (Int) -> Bool
  ) async {
    var last = -1
    var moved = ContinuousClock.now
    while ContinuousClock.now - moved < patience {
      let now = value(tally)
      guard !isEnough(now) else { return }
      if now > last { (last, moved) = (now, ContinuousClock.now) }
      try? await Task.sleep(for: .milliseconds(20))
    }
  }
}
