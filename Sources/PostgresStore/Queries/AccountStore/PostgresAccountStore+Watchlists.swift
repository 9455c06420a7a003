public import Market
public import Ports
internal import Postgres

extension PostgresAccountStore {
  public func watchlists(of account: AccountNumber) async throws(StoreError) -> [Watchlist] {
    let rows = try await query(PostgresCall(WatchlistStatements.list, [.int8(account.rawValue)]))
    return (0..<rows.count).map { Self.watchlist(rows, $0) }
  }

  public func watchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Watchlist? {
    let rows = try await query(PostgresCall(WatchlistStatements.find, Self.name(name, account)))
    return rows.count == 0 ? nil : Self.watchlist(rows, 0)
  }

  public func createWatchlist(
    id: UniqueID, name: String, instruments: [InstrumentID], of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome {
    guard instruments.count <= Watchlist.maximumInstruments else { return .full }
    return try await change { (connection) throws(PostgresError) in
      _ = try connection.query(PostgresCall(WatchlistStatements.lock, [.int8(account.rawValue)]))
      let count = try connection.query(PostgresCall(WatchlistStatements.count, [.int8(account.rawValue)])).int8(0, 0)
      let rows = try connection.query(
        PostgresCall(
          WatchlistStatements.insert,
          [
            .uuid(id.high, id.low), .int8(account.rawValue), .text(name), .int4Array(instruments.map(\.rawValue)),
            .bool(count < Int64(Watchlist.maximumCount)),
          ]))
      if rows.count == 1 { return .stored(Self.watchlist(rows, 0)) }
      // An earlier attempt whose answer was lost.
      let own = try connection.query(
        PostgresCall(WatchlistStatements.find, Self.name(.id(id), account)))
      if own.count == 1 { return .stored(Self.watchlist(own, 0)) }
      return count < Int64(Watchlist.maximumCount) ? .nameTaken : .full
    }
  }

  public func changeWatchlist(
    _ name: WatchlistName, _ change: WatchlistChange, of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome {
    try await self.change { (connection) throws(PostgresError) in
      _ = try connection.query(PostgresCall(WatchlistStatements.lock, [.int8(account.rawValue)]))
      let found = try connection.query(PostgresCall(WatchlistStatements.find, Self.name(name, account)))
      guard found.count == 1 else { return .notFound }
      var list = Self.watchlist(found, 0)
      switch change {
      case .replace(let name, let instruments):
        list.name = name ?? list.name
        list.instruments = instruments ?? list.instruments
      case .add(let instrument):
        if !list.instruments.contains(instrument) { list.instruments.append(instrument) }
      case .remove(let instrument):
        guard let index = list.instruments.firstIndex(of: instrument) else { return .notFound }
        list.instruments.remove(at: index)
      }
      guard list.instruments.count <= Watchlist.maximumInstruments else { return .full }
      let rows = try connection.query(
        PostgresCall(
          WatchlistStatements.update,
          [
            .uuid(list.id.high, list.id.low), .int8(account.rawValue), .text(list.name),
            .int4Array(list.instruments.map(\.rawValue)),
          ]))
      return rows.count == 1 ? .stored(Self.watchlist(rows, 0)) : .nameTaken
    }
  }

  public func deleteWatchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Bool {
    try await query(PostgresCall(WatchlistStatements.delete, Self.name(name, account))).count > 0
  }

  /// One transaction; lists of one account change one after the other.
  private func change(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> WatchlistOutcome
  ) async throws(StoreError) -> WatchlistOutcome {
    try await use { (connection) throws(PostgresError) in
      try connection.execute("BEGIN")
      do throws(PostgresError) {
        let outcome = try body(&connection)
        try connection.execute("COMMIT")
        return outcome
      } catch {
        throw connection.rolledBack(after: error)
      }
    }
  }

  private static func name(_ name: WatchlistName, _ account: AccountNumber) -> [PostgresParameter] {
    switch name {
    case .id(let id): [.int8(account.rawValue), .uuid(id.high, id.low), .null]
    case .name(let text): [.int8(account.rawValue), .null, .text(text)]
    }
  }

  private static func watchlist(_ rows: PostgresRows, _ row: Int) -> Watchlist {
    Watchlist(
      id: UniqueID(rows.uuid(row, 0)), name: rows.text(row, 1),
      instruments: rows.text(row, 2).split(separator: ",").compactMap { Int32($0) }.map(InstrumentID.init),
      createdAt: Timestamp(rawValue: rows.timestamp(row, 3)), updatedAt: Timestamp(rawValue: rows.timestamp(row, 4)))
  }
}
