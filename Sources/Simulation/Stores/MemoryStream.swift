internal import Lifecycle
package import Market
package import Ports
package import Sharding

/// Redis as one process reaches it.
package struct MemoryStream: Sendable {
  let redis: MemoryRedis
  let process: SimulatedProcess
  let environment: Environment
  /// How far this process has brought books.
  let written = Lock<[InstrumentID: (shard: Shard, sequence: Sequence, isEmpty: Bool)]>([:])

  /// A connection.
  package init(_ redis: MemoryRedis, of process: SimulatedProcess, in environment: Environment) {
    self.redis = redis
    self.process = process
    self.environment = environment
  }

  /// Carries a command there and its answer back.
  func call<Answer: Sendable>(_ body: (inout MemoryRedis.State) -> Answer) async throws(StreamError) -> Answer {
    try await travel()
    let weather = environment.redis
    if weather.isAway || environment.happens(weather.refused) { throw StreamError(reason: "no connection") }
    let answer = redis.with(body)
    try await travel()
    if environment.happens(environment.redis.answersLost) { throw StreamError(reason: "the connection was lost") }
    return answer
  }

  static let full = StreamError(reason: "OOM command not allowed when used memory > 'maxmemory'")

  private func travel() async throws(StreamError) {
    try? await Task.sleep(for: environment.span(upTo: environment.redis.latency))
    guard await process.goesOn() else { throw StreamError(reason: "the process has ended") }
  }
}

extension MemoryStream: OrderStream {
  package func publish(_ entries: [LogEntry]) async throws(StreamError) {
    if redis.isFull { throw Self.full }
    let isPartial = environment.happens(environment.redis.partialPublishing)
    let kept = isPartial ? entries.filter { _ in environment.happens(2) } : entries
    try await call { state in for entry in kept { state.append(entry) } }
    redis.wake(.entries)
    if isPartial { throw StreamError(reason: "some nodes did not answer") }
  }

  package func read(
    after positions: [Shard: StreamPosition?], limit: Int, wait: Duration
  ) async throws(StreamError) -> [StreamEntry] {
    let found = try await entries(after: positions, limit: limit)
    guard found.isEmpty, wait > .zero else { return found }
    await redis.wait(for: .entries, wait)
    return try await entries(after: positions, limit: limit)
  }

  private func entries(
    after positions: [Shard: StreamPosition?], limit: Int
  ) async throws(StreamError) -> [StreamEntry] {
    let believesAll = redis.missing == .signature
    return try await call { state in
      positions.sorted { $0.key < $1.key }.flatMap { shard, position -> [StreamEntry] in
        let all = state.streams[shard] ?? []
        // A position beyond the end is one of before a wipe: then the stream is read from its beginning.
        let start = position.flatMap { place in all.last.map { place > $0.entry.position } ?? true ? nil : place }
        return all.filter { stored in start.map { stored.entry.position > $0 } ?? true }.prefix(limit).map { stored in
          guard stored.isSigned || believesAll else {
            return StreamEntry(shard: shard, position: stored.entry.position, entry: nil, refusal: .wrongSignature)
          }
          return stored.entry
        }
      }
    }
  }

  package func trim(_ settled: [Shard: StreamPosition]) async throws(StreamError) {
    try await call { state in
      for (shard, position) in settled { state.streams[shard]?.removeAll { $0.entry.position <= position } }
    }
  }

  package func discard(_ shards: [Shard]) async throws(StreamError) {
    try await call { state in for shard in shards { state.streams[shard] = nil } }
  }
}

extension MemoryStream: LeaseStore {
  package func leases(of shards: [Shard]) async throws(StreamError) -> [Shard: Lease] {
    try await call { state in
      let now = ContinuousClock().now
      return state.leases.filter { shards.contains($0.key) }.mapValues { ending in
        var lease = ending.value
        lease.remaining = ending.at - now
        return lease
      }
    }
  }

  package func acquire(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, over seen: Lease?, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    let missing = redis.missing
    return try await call { state in
      let held = state.leases[shard]?.value
      let isMine = held?.owner == owner && held?.nonce == nonce
      let isAsSeen = held != nil && held?.nonce == seen?.nonce && held?.counter == seen?.counter
      if held != nil, !isMine, !isAsSeen, missing != .lease { return false }
      if held == nil || !isMine { state.write(shard, owner, nonce, Epoch(rawValue: 0), lifetime) }
      state.leases[shard]!.at = ContinuousClock().now + lifetime
      return true
    }
  }

  package func renew(
    _ renewals: [LeaseRenewal], owner: WorkerID, lifetime: Duration
  ) async throws(StreamError) -> [Shard] {
    try await call { state in
      renewals.compactMap { renewal in
        let held = state.leases[renewal.shard]?.value
        let isMine = held?.owner == owner && held?.nonce == renewal.nonce
        if let held, !isMine, held.epoch >= renewal.epoch { return renewal.shard }
        if isMine {
          state.leases[renewal.shard]!.value.epoch = renewal.epoch
          state.leases[renewal.shard]!.value.counter += 1
        } else {
          state.write(renewal.shard, owner, renewal.nonce, renewal.epoch, lifetime)
        }
        state.leases[renewal.shard]!.at = ContinuousClock().now + lifetime
        return nil
      }
    }
  }

  package func request(_ shard: Shard, for successor: Successor) async throws(StreamError) -> Bool {
    try await call { state in
      guard let held = state.leases[shard]?.value, held.owner != successor.worker else { return false }
      state.leases[shard]!.value.successor = successor
      return true
    }
  }

  package func handOver(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, to successor: Successor, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await call { state in
      guard let held = state.leases[shard]?.value else { return false }
      if held.owner == successor.worker, held.nonce == successor.nonce { return true }
      guard held.owner == owner, held.nonce == nonce, held.successor == successor else { return false }
      state.write(shard, successor.worker, successor.nonce, held.epoch, lifetime)
      return true
    }
  }

  package func release(_ shard: Shard, nonce: UInt64) async throws(StreamError) {
    try await call { state in
      if state.leases[shard]?.value.nonce == nonce { state.leases[shard] = nil }
      if state.leases[shard]?.value.successor?.nonce == nonce { state.leases[shard]!.value.successor = nil }
    }
  }
}

extension MemoryRedis.State {
  fileprivate mutating func write(
    _ shard: Shard, _ owner: WorkerID, _ nonce: UInt64, _ epoch: Epoch, _ lifetime: Duration
  ) {
    leases[shard] = .init(
      value: Lease(
        owner: owner, nonce: nonce, counter: 1, epoch: epoch, remaining: lifetime),
      at: ContinuousClock().now + lifetime)
  }
}

extension MemoryStream: MembershipStore {
  package func beat(_ heartbeat: Heartbeat, lifetime: Duration) async throws(StreamError) -> WorkerInstruction? {
    try await call { state in
      state.disconnected.remove(heartbeat.worker)
      state.heartbeats[heartbeat.worker] = .init(value: heartbeat, at: ContinuousClock().now + lifetime)
      return state.orders.removeValue(forKey: heartbeat.worker)
    }
  }

  package func leave(_ worker: WorkerID) async throws(StreamError) {
    try await call { state in state.heartbeats[worker] = nil }
  }

  package func workers() async throws(StreamError) -> [Heartbeat] {
    try await call { state in state.heartbeats.values.map(\.value).sorted { $0.worker < $1.worker } }
  }

  package func connected(_ heartbeats: [Heartbeat]) async throws(StreamError) -> [WorkerID: Bool] {
    try await call { state in
      Dictionary(
        heartbeats.map { ($0.worker, !state.disconnected.contains($0.worker)) }, uniquingKeysWith: { $1 })
    }
  }

  package func instruct(_ worker: WorkerID, _ order: WorkerInstruction, lifetime: Duration) async throws(StreamError) {
    try await call { state in state.orders[worker] = order }
  }
}

extension MemoryStream: LeaderStore {
  package func seat() async throws(StreamError) -> LeaderElection.Seat? {
    try await call { state in
      state.seat.map { ending in
        var seat = ending.value
        seat.remaining = ending.at - ContinuousClock().now
        return seat
      }
    }
  }

  package func campaign(
    _ worker: WorkerID, nonce: UInt64, over seen: LeaderElection.Seat?, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await call { state in
      let held = state.seat?.value
      let isMine = held?.worker == worker && held?.nonce == nonce
      let isAsSeen = held != nil && held?.nonce == seen?.nonce && held?.counter == seen?.counter
      if held != nil, !isMine, !isAsSeen { return false }
      if held == nil || !isMine { state.write(worker, nonce, Term(rawValue: 0)) }
      state.seat!.at = ContinuousClock().now + lifetime
      return true
    }
  }

  package func extend(
    _ worker: WorkerID, _ leadership: Leadership, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await call { state in
      let held = state.seat?.value
      let isMine = held?.worker == worker && held?.nonce == leadership.nonce
      if let held, !isMine, held.term >= leadership.term { return false }
      if isMine {
        state.seat!.value.term = leadership.term
        state.seat!.value.counter += 1
      } else {
        state.write(worker, leadership.nonce, leadership.term)
      }
      state.seat!.at = ContinuousClock().now + lifetime
      return true
    }
  }

  package func resign(nonce: UInt64) async throws(StreamError) {
    try await call { state in if state.seat?.value.nonce == nonce { state.seat = nil } }
  }

  package func assignment(unless known: Assignment?) async throws(StreamError) -> Assignment? {
    try await call { state in state.assignment }
  }

  package func publish(_ assignment: Assignment, over lie: Assignment?) async throws(StreamError) -> Bool {
    try await call { state in
      if let stored = state.assignment, stored.term != lie?.term || stored.generation != lie?.generation {
        if stored.term > assignment.term { return false }
        if stored.term == assignment.term, stored.generation > assignment.generation { return false }
      }
      state.assignment = assignment
      return true
    }
  }
}

extension MemoryRedis.State {
  fileprivate mutating func write(_ worker: WorkerID, _ nonce: UInt64, _ term: Term) {
    seat = .init(
      value: LeaderElection.Seat(worker: worker, nonce: nonce, counter: 1, term: term, remaining: .zero),
      at: ContinuousClock().now)
  }
}
