internal import Lifecycle
package import Market
package import Ports

/// Keeps answers of slow questions for a while; of equal questions at one time only one is asked.
///
/// While a new answer is fetched, others go on with the last one as long as it is not too old. Absent values are kept
/// apart, so that made-up keys never push real ones out.
package final class CoalescingCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  /// How long answers are kept, in microseconds, and how many.
  package struct Limits: Sendable {
    /// A present value.
    package var lifetime: Int64
    /// The knowledge that there is none.
    package var absentLifetime: Int64
    /// How much longer than its lifetime a value is used while another request fetches it anew.
    package var grace: Int64
    /// Most values, and most absences; when it is reached all are forgotten.
    package var capacity: Int

    /// Names the limits.
    package init(lifetime: Int64, absentLifetime: Int64, grace: Int64, capacity: Int) {
      self.lifetime = lifetime
      self.absentLifetime = absentLifetime
      self.grace = grace
      self.capacity = capacity
    }
  }

  private typealias Waiter = CheckedContinuation<Result<Value?, StoreError>, Never>

  private struct Entry {
    var value: Value
    var fetchedAt: Timestamp
  }

  private struct State {
    var present: [Key: Entry] = [:]
    var absent: [Key: Timestamp] = [:]
    var waiting: [Key: [Waiter]] = [:]
    /// Moves when something is forgotten: what was fetched before is not kept then.
    var forgettings: UInt64 = 0
  }

  private enum Step: Sendable {
    case use(Value?)
    case fetch(forgettings: UInt64)
    case wait
  }

  private let limits: Limits
  private let state = Lock(State())

  package init(_ limits: Limits) { self.limits = limits }

  /// The value of a key, kept or fetched.
  package func value(
    for key: Key, now: Timestamp, fetch: () async throws(StoreError) -> Value?
  ) async throws(StoreError) -> Value? {
    switch state.withLock({ step(&$0, key, now) }) {
    case .use(let value): return value
    case .wait: return try await wait(for: key, now)
    case .fetch(let forgettings):
      let result: Result<Value?, StoreError>
      do throws(StoreError) { result = .success(try await fetch()) } catch { result = .failure(error) }
      store(result, for: key, now, forgettings)
      return try result.get()
    }
  }

  /// The value of a key as it was last seen, however old.
  package func last(_ key: Key) -> Value? { state.withLock { $0.present[key]?.value } }

  /// Takes a value that was read elsewhere, as of `now`.
  package func put(_ value: Value, for key: Key, now: Timestamp) {
    state.withLock { state in
      guard state.present[key].map({ $0.fetchedAt <= now }) ?? true else { return }
      remember(value, for: key, &state, now)
    }
  }

  /// Forgets one answer, and what is being fetched at the moment.
  package func forget(_ key: Key) {
    state.withLock { state in
      state.forgettings += 1
      state.present[key] = nil
      state.absent[key] = nil
    }
  }

  /// Forgets all answers.
  package func forgetAll() {
    state.withLock { state in
      state.forgettings += 1
      state.present.removeAll(keepingCapacity: true)
      state.absent.removeAll(keepingCapacity: true)
    }
  }

  private func step(_ state: inout State, _ key: Key, _ now: Timestamp) -> Step {
    let entry = state.present[key]
    if let entry, Self.isYounger(entry.fetchedAt, than: limits.lifetime, now) {
      return .use(entry.value)
    }
    if let time = state.absent[key], Self.isYounger(time, than: limits.absentLifetime, now) { return .use(nil) }
    guard state.waiting[key] != nil else {
      state.waiting[key] = []
      return .fetch(forgettings: state.forgettings)
    }
    if let entry, Self.isYounger(entry.fetchedAt, than: limits.lifetime + limits.grace, now) {
      return .use(entry.value)
    }
    return .wait
  }

  /// A clock that was set back makes answers old, not young for ever.
  private static func isYounger(_ time: Timestamp, than age: Int64, _ now: Timestamp) -> Bool {
    now >= time && now.microseconds(since: time) < age
  }

  private func wait(for key: Key, _ now: Timestamp) async throws(StoreError) -> Value? {
    let result = await withCheckedContinuation { (waiter: Waiter) in
      let missed: Step? = state.withLock { state in
        if state.waiting[key]?.append(waiter) != nil { return nil }
        return .use(state.present[key]?.value)
      }
      // The answer came between the two looks.
      if case .use(let value) = missed { waiter.resume(returning: .success(value)) }
    }
    return try result.get()
  }

  private func store(_ result: Result<Value?, StoreError>, for key: Key, _ now: Timestamp, _ forgettings: UInt64) {
    let waiters = state.withLock { state in
      if case .success(let value) = result, state.forgettings == forgettings { remember(value, for: key, &state, now) }
      return state.waiting.removeValue(forKey: key) ?? []
    }
    for waiter in waiters { waiter.resume(returning: result) }
  }

  private func remember(_ value: Value?, for key: Key, _ state: inout State, _ now: Timestamp) {
    if let value {
      if state.present.count >= limits.capacity { state.present.removeAll(keepingCapacity: true) }
      state.present[key] = Entry(value: value, fetchedAt: now)
      state.absent[key] = nil
    } else {
      if state.absent.count >= limits.capacity { state.absent.removeAll(keepingCapacity: true) }
      state.absent[key] = now
      state.present[key] = nil
    }
  }
}
