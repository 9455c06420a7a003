internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding

/// What befalls the exchange in the middle of its work.
extension SimulatedExchange {
  func makeTrouble() async {
    var isStepping = false
    for _ in 0..<swarm.faultCount {
      // Auctions are over soon: what is to meet them must come at once.
      await pause(isStepping && environment.happens(2) ? .milliseconds(400) : swarm.faultPause)
      let fault = environment.draw { $0.pick(swarm.faults) }
      note("! \(fault.rawValue)")
      mark(fault.rawValue)
      let content = database.state
      if content.auctions.values.contains(where: { $0.auction != nil }) { mark("in the middle of an auction") }
      if content.auctions.values.contains(where: { $0.auction != nil && $0.instructed > .zero }) {
        mark("between two parts of an auction")
      }
      if content.instructed.values.contains(where: { !$0.isCleared }) { mark("between a close and its end") }
      if content.instructed.values.contains(where: { !$0.isCleared && $0.sequence > $0.closedSequence }) {
        mark("between two parts of an expiry")
      }
      if content.phases.values.contains(where: { $0.limit != nil }) { mark("in a limit state") }
      if clients.contains(where: { !$0.isCaughtUp(content) }) { mark("stream in arrears") }
      if content.shards.values.contains(where: { $0.last > $0.processed }) { mark("with commands on their way") }
      await carryOut(fault)
      isStepping = fault == .session || fault == .halt
    }
  }

  private func carryOut(_ fault: Swarm.Fault) async {
    let shard = environment.draw { $0.pick(shards) }
    let living = state.withLock { state in state.workers.filter { !$0.process.isDead } }
    let victim = living.randomElement(using: environment)
    switch fault {
    case .crashWorker:
      guard let victim else { return }
      victim.process.kill()
      redis.disconnect(victim.id)
      state.withLock { $0.kills += 1 }
      if environment.happens(2) { addWorker() }
    case .freezeWorker:
      victim?.process.freeze()
      await pause(.seconds(4))
      victim?.process.thaw()
    case .addWorker: if state.withLock({ $0.workers.count }) < 6 { addWorker() }
    case .stopWorker:
      guard let victim, state.withLock({ state in state.workers.count { !$0.process.isDead } }) > 1 else { return }
      victim.service.stop()
      state.withLock { state in
        state.workers.removeAll { $0 === victim }
        state.retired.append(victim)
      }
    case .crashGateway:
      let gateway = state.withLock { state in
        let place = environment.draw { Int.random(in: state.gateways.indices, using: &$0) }
        defer { state.gateways[place] = state.gateways[place].successor() }
        return state.gateways[place]
      }
      gateway.process.kill()
      await gateway.stop()
    case .freezeGateway:
      let gateways = state.withLock { $0.gateways }
      let gateway = environment.draw { $0.pick(gateways) }
      gateway.process.freeze()
      await pause(.seconds(3))
      gateway.process.thaw()
    case .tellWorker:
      guard let victim else { return }
      let order = environment.draw { $0.pick(WorkerInstruction.allCases) }
      redis.report(victim.id, order)
    case .wipeRedis: redis.wipe()
    case .failOverRedis:
      redis.replicate()
      await pause(.seconds(1))
      redis.failOver()
    case .fillRedis:
      redis.fill(true)
      await pause(.seconds(1))
      redis.fill(false)
    case .loseRedis:
      environment.redis.isAway = true
      await pause(.seconds(3))
      environment.redis.isAway = false
    case .losePostgres:
      environment.database.isAway = true
      await pause(.seconds(3))
      environment.database.isAway = false
    case .failOverPostgres: database.failOver()
    case .restorePostgres:
      database.backUp()
      await pause(.seconds(1))
      let before = database.state
      if let gone = database.restore() {
        state.withLock { $0.gone.formUnion(gone) }
        let after = database.state
        for client in clients { client.restored(before: before, after: after) }
      }
    case .forgeEntry, .forgeBeyond:
      let rows = database.state.shards[shard]!
      guard let order = database.state.openOrders(of: shard).randomElement(using: environment) else { return }
      let cancel = CancelOrder(
        target: order.id, targetSequence: order.sequence, targetLeg: order.conditions?.leg ?? 0,
        account: order.account, instrument: order.instrument)
      let sequence = fault == .forgeBeyond ? rows.last.next : rows.processed.next
      redis.forge(
        LogEntry(
          shard: shard, sequence: sequence, acceptedAt: now(), command: .cancel(cancel),
          timeline: database.state.timeline))
    case .repeatEntry: redis.repeatEntry(of: shard, at: place(in: shard))
    case .dropEntry: redis.dropEntry(of: shard, at: place(in: shard))
    case .stealLease:
      redis.steal(shard, for: WorkerID(rawValue: "thief"), nonce: environment.bits(), lifetime: .seconds(1))
    case .holdAccount:
      database.hold(environment.draw { $0.pick(accounts) })
      await pause(.seconds(2))
      database.releaseAll()
    case .poison:
      let next = database.state.shards[shard]!.last.next
      state.withLock { _ = $0.poisoned.insert("\(shard)-\(next)") }
      database.poison(next, in: shard)
    case .retryQuarantined: retryQuarantined()
    case .session: aim()
    case .halt:
      let instrument = environment.draw { $0.pick(instruments.keys.sorted()) }
      let isHalted = environment.happens(2)
      database.operate { state in
        if isHalted {
          state.halt(instrument, reason: "an operator's", collects: true)
        } else {
          state.resume(instrument)
        }
      }
    case .disconnect: if let victim { redis.disconnect(victim.id) }
    case .stepClock:
      let step = environment.draw { Int64.random(in: -2_000_000...2_000_000, using: &$0) }
      victim?.skew.withLock { $0 = step }
      clockSkew.withLock { $0 = .microseconds(step) }
    case .stepGatewayClock:
      let step = environment.draw { Int64.random(in: -2_000_000...2_000_000, using: &$0) }
      let gateways = state.withLock { $0.gateways }
      environment.draw { $0.pick(gateways) }.skew.withLock { $0 = step }
    case .block:
      let account = environment.draw { $0.pick(accounts) }
      database.operate { state in
        state.accounts[account]!.status = state.accounts[account]!.status == .blocked ? .active : .blocked
      }
    case .bound:
      let bound = environment.draw { random in
        AcceptanceSnapshot.Bounds(
          account: random.oneIn(2) ? nil : random.pick(accounts),
          instrument: random.oneIn(2) ? nil : random.pick(instruments.keys.sorted()),
          bounds: OrderBounds(quantity: Quantity(rawValue: Int64.random(in: 5...20, using: &random))))
      }
      database.operate { state in state.bounds = state.bounds.isEmpty ? [bound] : [] }
    case .band:
      let (instrument, tier) = environment.draw { random in
        (random.pick(instruments.keys.sorted()), random.pick([nil] + BandTier.allCases))
      }
      database.operate { state in state.listings[instrument]!.tier = tier }
    case .loseDays: database.operate { state in state.daysAhead = 0 }
    }
  }

  private func place(in shard: Shard) -> Int {
    environment.draw { Int.random(in: 0...max(0, redis.count(of: shard) - 1), using: &$0) }
  }

  private func pause(_ limit: Duration) async { try? await Task.sleep(for: environment.span(upTo: limit)) }

  func retryQuarantined() {
    let moment = now()
    database.cure()
    let isRefused = environment.happens(3)
    database.operate { state in
      for (shard, rows) in state.shards.sorted(by: { $0.key < $1.key }) {
        for (sequence, row) in rows.quarantined.sorted(by: { $0.key < $1.key }) where row.resolved == nil {
          state.comeBack(sequence, in: shard, isRefused: isRefused, at: moment)
        }
      }
    }
  }

  /// An operator leads the market to the next stage of its day.
  private func aim() {
    database.operate { state in
      guard let target = state.clock.target else { return }
      switch target.stage {
      case .preOpen: state.clock.target = SessionPoint(target.day, .open)
      case .open: state.clock.target = SessionPoint(target.day, .closed)
      case .closed: state.clock.target = SessionPoint(target.day.advanced(by: 1), .preOpen)
      }
    }
  }

  /// An operator puts everything right that is his to put right.
  func calm() {
    let (workers, gateways) = state.withLock { ($0.workers, $0.gateways) }
    for worker in workers {
      worker.skew.withLock { $0 = 0 }
      redis.report(worker.id, .resume)
    }
    for gateway in gateways {
      gateway.skew.withLock { $0 = 0 }
      gateway.process.thaw()
    }
    clockSkew.withLock { $0 = .zero }
    database.operate { state in
      for instrument in state.listings.keys.sorted() where state.listings[instrument]!.haltedAt != nil {
        state.resume(instrument)
      }
      for account in state.accounts.keys { state.accounts[account]!.status = .active }
    }
  }
}

extension Collection {
  /// One of them by the surroundings' chance; nil of none.
  func randomElement(using environment: Environment) -> Element? {
    guard !isEmpty else { return nil }
    let place = environment.draw { Int.random(in: 0..<count, using: &$0) }
    return self[index(startIndex, offsetBy: place)]
  }
}
