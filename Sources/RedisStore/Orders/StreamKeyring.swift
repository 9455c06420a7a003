internal import Lifecycle
public import Ports

/// Keeps the keys of stream entries at hand: reads them at the first use, anew when they are old, and at once when an entry
/// names one that is not among them.
///
/// While the database cannot be reached, the keys that were read last go on to serve.
public actor StreamKeyring {
  private let reader: any StreamKeyReader
  private let period: Duration
  private let report: @Sendable (_ failure: String?) -> Void
  private let clock = ContinuousClock()
  private var keys: StreamKeys?
  private var readings = 0
  private var reading: Task<Void, Never>?
  private var lastAttempt: ContinuousClock.Instant?
  private var lastSearch: ContinuousClock.Instant?

  /// How soon keys are read again for the sake of an entry that names another: whoever writes such entries must not make
  /// every process ask the database all the time.
  private let searchPause: Duration

  /// Keeps the keys of a database.
  /// - Parameters:
  ///   - period: How old keys may get, and how soon it is tried again when they cannot be read: a key that is no longer valid
  ///     is believed and used for as long.
  ///   - searchPause: How long at least lies between two looks for keys that entries name.
  ///   - report: Is told once why the keys cannot be read, and nil when they can be again.
  public init(
    _ reader: any StreamKeyReader, period: Duration = .seconds(10), searchPause: Duration = .seconds(1),
    report: @escaping @Sendable (_ failure: String?) -> Void
  ) {
    self.reader = reader
    self.period = period
    self.searchPause = searchPause
    self.report = report
  }

  /// The keys. Waits for the database when they have never been read; old ones are read anew behind the answer.
  /// - Throws: when they have never been read and cannot be now, or there is none.
  func current() async throws(StreamError) -> StreamKeys {
    if let keys {
      if isDue(lastAttempt, after: period) { renewals.add(sending: { [self] _ in await read() }) { $0.isDue = true } }
      return keys
    }
    // Whoever asks in a loop must not ask the database in one.
    if let failure, !isDue(lastAttempt, after: searchPause) { throw failure }
    await read()
    if let keys { return keys }
    throw failure ?? StreamError(reason: "the keys of stream entries have not been read")
  }

  /// The keys after a look for one that was not among `known`; nil when there is nothing new, or it has just been looked.
  func search(beyond known: StreamKeys) async -> StreamKeys? {
    if let keys, keys.reading > known.reading { return keys }
    guard isDue(lastSearch, after: searchPause) else { return nil }
    lastSearch = clock.now
    await read()
    return keys.flatMap { $0.reading > known.reading ? $0 : nil }
  }

  private var failure: StreamError?
  private let renewals = BackgroundQueue<Once>()

  private func isDue(_ last: ContinuousClock.Instant?, after pause: Duration) -> Bool {
    last.map { clock.now - $0 >= pause } ?? true
  }

  /// Reads the keys; several who ask at once share one reading, and go on when its outcome stands.
  private func read() async {
    if let reading { return await reading.value }
    lastAttempt = clock.now
    let task = Task {
      do throws(StoreError) {
        take(.success(try await reader.streamKeys()))
      } catch {
        take(.failure(error))
      }
      reading = nil
    }
    reading = task
    await task.value
  }

  private func take(_ outcome: Result<[StreamKey], StoreError>) {
    let before = failure
    defer { if (failure == nil) != (before == nil) { report(failure?.reason) } }
    switch outcome {
    case .success(let found) where !found.isEmpty:
      readings += 1
      keys = StreamKeys(found, reading: readings)
      failure = nil
    case .success:
      failure = StreamError(reason: "the database has no key for stream entries; run \"buttonwood migrate\"")
    case .failure(let error):
      failure = StreamError(reason: "the keys of stream entries cannot be read from PostgreSQL: \(error)")
    }
  }
}
