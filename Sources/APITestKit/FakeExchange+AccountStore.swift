internal import ClientKit
internal import TradingAPI
internal import Lifecycle
package import Market
package import Ports

/// The past, choices and lists of the fake's accounts, in memory.
extension FakeExchange: AccountStore {
  package func configuration(of account: AccountNumber) async throws(StoreError) -> AccountConfiguration {
    try reading { $0.configurations[account] ?? AccountConfiguration() }
  }

  package func changeConfiguration(
    _ change: AccountConfigurationChange, of account: AccountNumber
  ) async throws(StoreError) -> AccountConfiguration {
    try reading { state in
      let configuration = change.applied(to: state.configurations[account] ?? AccountConfiguration())
      state.configurations[account] = configuration
      state.accounts[account]?.isSuspended = configuration.suspendsTrading
      return configuration
    }
  }

  package func movements(
    of account: AccountNumber, at moments: [Timestamp], through: Timestamp
  ) async throws(StoreError) -> [AccountMovement] {
    try reading { state in
      (state.movements[account] ?? []).compactMap { moved in
        guard let span = moments.lastIndex(where: { $0 <= moved.at }) else { return nil }
        var movement = moved.movement
        movement.span = span
        return movement
      }
    }
  }

  package func recentMovements(
    of account: AccountNumber, since moment: Timestamp, behind place: Timestamp?, through: Timestamp
  ) async throws(StoreError) -> RecentMovements {
    try reading { state in
      let all = (state.movements[account] ?? []).filter { $0.at >= moment }
      let executed = all.filter { !$0.movement.isExternal && $0.at > place ?? moment.advanced(byMicroseconds: -1) }
      var recent = RecentMovements(
        executed: [], through: executed.map(\.at).max(), external: all.map(\.movement).filter(\.isExternal))
      for moved in executed {
        let one = RecentMovements(executed: [moved.movement], through: nil, external: [])
        recent.executed = one.joined(after: recent.executed, through: nil).executed
      }
      return recent
    }
  }

  package func prices(_ questions: [PriceQuestion]) async throws(StoreError) -> [Price?] {
    try reading { state in
      questions.map { question in
        state.trades.last { $0.instrument == question.instrument && $0.at < question.before }?.price
      }
    }
  }

  package func activities(_ query: ActivityQuery) async throws(StoreError) -> [AccountActivity]? {
    try reading { state in
      var all = (state.activities[query.account] ?? []).sorted { ($0.at, $0.place.id) < ($1.at, $1.place.id) }
      if !query.ascending { all.reverse() }
      if let behind = query.behind {
        guard let index = all.firstIndex(where: { $0.place == behind }) else { return nil }
        all.removeFirst(index + 1)
      }
      let matching = all.filter { activity in
        query.kinds.contains(activity.kind) && query.order.map { activity.order == $0 } ?? true
          && query.after.map { activity.at > $0 } ?? true
          && query.until.map { activity.at < $0 } ?? true
      }
      return Array(matching.prefix(query.limit))
    }
  }

  package func watchlists(of account: AccountNumber) async throws(StoreError) -> [Watchlist] {
    try reading { $0.watchlists.filter { $0.account == account }.map(\.list) }
  }

  package func watchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Watchlist? {
    try reading { state in state.index(of: name, account).map { state.watchlists[$0].list } }
  }

  package func createWatchlist(
    id: UniqueID, name: String, instruments: [InstrumentID], of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome {
    try reading { state in
      guard state.index(of: .name(name), account) == nil else { return .nameTaken }
      let own = state.watchlists.count { $0.account == account }
      guard own < Watchlist.maximumCount, instruments.count <= Watchlist.maximumInstruments else { return .full }
      let list = Watchlist(id: id, name: name, instruments: instruments, createdAt: state.now, updatedAt: state.now)
      state.watchlists.append((account, list))
      return .stored(list)
    }
  }

  package func changeWatchlist(
    _ name: WatchlistName, _ change: WatchlistChange, of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome {
    try reading { state in
      guard let index = state.index(of: name, account) else { return .notFound }
      var list = state.watchlists[index].list
      switch change {
      case .replace(let name, let instruments):
        if let name, let other = state.index(of: .name(name), account), other != index { return .nameTaken }
        list.name = name ?? list.name
        list.instruments = instruments ?? list.instruments
      case .add(let instrument):
        if !list.instruments.contains(instrument) { list.instruments.append(instrument) }
      case .remove(let instrument):
        guard let place = list.instruments.firstIndex(of: instrument) else { return .notFound }
        list.instruments.remove(at: place)
      }
      list.updatedAt = state.now
      state.watchlists[index].list = list
      return .stored(list)
    }
  }

  package func deleteWatchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Bool {
    try reading { state in
      guard let index = state.index(of: name, account) else { return false }
      state.watchlists.remove(at: index)
      return true
    }
  }
}

extension FakeExchange.State {
  fileprivate func index(of name: WatchlistName, _ account: AccountNumber) -> Int? {
    watchlists.firstIndex { entry in
      switch name {
      case .id(let id): entry.account == account && entry.list.id == id
      case .name(let text): entry.account == account && entry.list.name == text
      }
    }
  }
}

extension AccountActivity {
  /// Of which order it is a fill.
  fileprivate var order: OrderID? { if case .fill(let fill) = detail { fill.order } else { nil } }
}
