internal import Accounting
package import Market
package import Ports

extension MemoryStore: AccountEventReader {
  package func events(_ questions: [EventQuestion], limit: Int) async throws(StoreError) -> [EventAnswer] {
    guard !questions.isEmpty else { return [] }
    return try await read { state in
      questions.filter { state.accounts[$0.account] != nil }.map { question in
        let story = state.stories[question.account] ?? []
        let instructed = story[state.place(after: question.after, in: question.account)...].prefix(limit)
        return EventAnswer(
          question: question, events: instructed.compactMap { state.account($0) },
          last: story.last?.at ?? Timestamp(rawValue: 0), hasMore: instructed.count == limit)
      }
    }
  }

  package func accountsWithNews(_ questions: [EventQuestion]) async throws(StoreError) -> [AccountNumber] {
    guard !questions.isEmpty else { return [] }
    return try await read { state in
      questions.filter { question in state.stories[question.account]?.last.map { $0.at > question.after } ?? false }
        .map(\.account)
    }
  }

  package func keyStates(of keys: [String]) async throws(StoreError) -> [String: KeyState] {
    guard !keys.isEmpty else { return [:] }
    return try await read { state in
      keys.reduce(into: [:]) { standings, key in
        guard let account = state.apiKeys[key], let status = state.accounts[account]?.status else { return }
        standings[key] = status == .active || status == .suspended ? .valid : .blocked
      }
    }
  }
}

extension MemoryStore: AccountReader {
  package func credential(keyID: String) async throws(StoreError) -> Credential? {
    try await read { state in
      state.apiKeys[keyID].map {
        Credential(
          account: $0, accountID: DatabaseState.publicID(of: $0), secretHash: Array(keyID.utf8),
          keysVersion: state.accounts[$0]?.keysVersion ?? 0)
      }
    }
  }

  package func snapshot(of account: AccountNumber) async throws(StoreError) -> AccountSnapshot? {
    try await read { state in
      guard let row = state.accounts[account] else { return nil }
      var record = AccountRecord(
        number: account, id: DatabaseState.publicID(of: account), name: "account \(account)",
        status: row.status == .suspended ? .active : row.status, cash: row.cash, held: row.held,
        createdAt: Timestamp(rawValue: 0))
      record.isSuspended = row.status == .suspended
      let positions = state.positions(of: account)
      return AccountSnapshot(
        account: record, positions: positions,
        lastPrices: positions.reduce(into: [:]) { $0[$1.instrument] = state.lastPrices[$1.instrument] },
        through: state.stories[account]?.last?.at ?? Timestamp(rawValue: 0))
    }
  }

  package func positions(of account: AccountNumber) async throws(StoreError) -> [PositionRecord] {
    try await read { state in state.positions(of: account) }
  }

  package func order(_ id: OrderID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? {
    try await read { state in state.explained(id, of: account) }
  }

  package func order(clientKey: UniqueID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? {
    try await read { state in
      state.keys[.init(account: account, digest: clientKey)].flatMap { state.explained($0.order, of: account) }
    }
  }

  package func withLegs(
    _ orders: [ShownOrder], of account: AccountNumber
  ) async throws(StoreError) -> [ShownOrder] {
    let heads = orders.filter { $0.record.conditions?.isLeg == false }
    guard !heads.isEmpty else { return orders }
    return try await read { state in
      orders.map { order in
        guard let own = order.record.conditions, !own.isLeg, let group = own.group else { return order }
        var order = order
        let legs = state.orders.values.filter {
          $0.account == account && $0.conditions?.group == group && $0.conditions?.isLeg == true
            && $0.status != .replaced && $0.status != .rejected
        }
        if !legs.isEmpty {
          order.legs = legs.sorted {
            ($0.conditions!.role.rawValue, $0.id) < ($1.conditions!.role.rawValue, $1.id)
          }.map { state.shown($0) }
        }
        return order
      }
    }
  }

  package func orders(_ query: OrderQuery) async throws(StoreError) -> [ShownOrder] {
    try await read { state in
      let own = state.orders.values.filter { $0.account == query.account }
      // A leg that is open keeps the head of its class in the list, however that ended.
      let alive =
        query.nested ? Set(own.filter { $0.status.isOpen }.compactMap { $0.conditions?.group }) : []
      let found = own.filter { order in
        let isOpen =
          order.status.isOpen || order.conditions.map { !$0.isLeg && $0.group.map(alive.contains) ?? false } ?? false
        let isInScope =
          switch query.scope {
          case .open: isOpen && order.status != .replaced && order.status != .rejected
          case .closed: !order.status.isOpen
          case .all: true
          }
        return isInScope && !(query.nested && order.conditions?.isLeg == true)
          && query.after.map { order.id > $0 } ?? true && query.before.map { order.id < $0 } ?? true
          && query.instruments?.contains(order.instrument) ?? true && query.side.map { $0 == order.side } ?? true
      }
      return found.sorted { query.ascending ? $0.id < $1.id : $0.id > $1.id }.prefix(max(0, query.limit))
        .map { state.shown($0) }
    }
  }

  package func instruments() async throws(StoreError) -> [Instrument] {
    try await read { state in
      state.instruments.sorted { $0.key < $1.key }.map { instrument, shard in
        let listing = state.listings[instrument] ?? .init()
        return Instrument(
          id: instrument, assetID: UniqueID(high: 0x8000, low: 1 << 63 | UInt64(instrument.rawValue)),
          symbol: DatabaseState.symbol(of: instrument), name: "Share \(instrument)", exchange: "", shard: shard,
          tradable: listing.haltReason == nil || listing.collects, referencePrice: listing.reference)
      }
    }
  }

  package func lastPrices() async throws(StoreError) -> [InstrumentID: Price] {
    try await read { state in state.lastPrices }
  }
}

extension MemoryStore: ShardReader, HealthReader {
  package func shards() async throws(StoreError) -> [ShardRecord] {
    try await read { state in
      state.shards.sorted { $0.key < $1.key }.map { shard, rows in
        let aside = rows.quarantined.values.filter { $0.resolved == nil }
        return ShardRecord(
          shard: shard, claimedBy: rows.owner, epoch: Epoch(rawValue: rows.epoch),
          lag: ShardLag(last: rows.last, processed: rows.processed),
          progressedAt: rows.settledAt.rawValue == 0 ? nil : rows.settledAt, quarantined: Int64(aside.count),
          quarantinedSince: aside.map(\.at).min(),
          symbols: state.instruments.filter { $0.value == shard }.map { DatabaseState.symbol(of: $0.key).description }
            .sorted())
      }
    }
  }

  package func health() async throws(StoreError) -> DatabaseHealth {
    try await read { state in
      var health = DatabaseHealth(schema: .current, now: state.now)
      health.halts = state.listings.filter { $0.value.haltReason != nil && $0.value.pausedUntil == nil }
        .map { instrument, listing in
          DatabaseHealth.Halt(
            symbol: DatabaseState.symbol(of: instrument).description, reason: listing.haltReason ?? "",
            since: listing.haltedAt)
        }
        .sorted { ($0.since?.rawValue ?? .max, $0.symbol) < ($1.since?.rawValue ?? .max, $1.symbol) }
      health.daysAhead = state.daysAhead
      return health
    }
  }
}

extension DatabaseState {
  /// An instrument's symbol.
  package static func symbol(of instrument: InstrumentID) -> Symbol {
    let letter = Character(UnicodeScalar(UInt8(ascii: "A") + UInt8(truncatingIfNeeded: instrument.rawValue - 1) % 26))
    return Symbol("S\(letter)")!
  }

  fileprivate func positions(of account: AccountNumber) -> [PositionRecord] {
    positions.filter { $0.key.account == account && $0.value.quantity > .zero }.sorted { $0.key < $1.key }
      .map { key, position in
        PositionRecord(
          instrument: key.instrument, held: position.held,
          basis: costs[key] ?? PositionCost(position.quantity, for: .zero))
      }
  }

  /// An order as clients see it: whether the book has seen it follows from how far its shard has been processed.
  fileprivate func shown(_ order: OrderRecord) -> ShownOrder {
    let rows = shards[order.shard]!
    let isAside = order.status == .accepted && rows.isUnresolved(order.sequence)
    return ShownOrder(
      record: order,
      status: ShownStatus(
        order.status, pending: order.pending, processed: rows.processed >= order.sequence && !isAside,
        phase: order.phase))
  }

  /// One order, with the reason of its end.
  fileprivate func explained(_ id: OrderID, of account: AccountNumber) -> ShownOrder? {
    guard let order = orders[id], order.account == account else { return nil }
    var shown = shown(order)
    let kinds: [OrderEvent.Kind] = [.canceled, .rejected, .expired]
    if order.closedAt != nil, [.canceled, .rejected, .expired].contains(order.status) {
      shown.reason = stories[account]?.last { $0.event.order == id && kinds.contains($0.event.kind) }?.event.reason
    }
    return shown
  }
}
