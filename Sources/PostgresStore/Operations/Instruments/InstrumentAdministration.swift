public import Market
public import Ports
public import Postgres

/// The list of instruments in PostgreSQL.
public struct InstrumentAdministration: InstrumentOperations {
  let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  public func add(_ listing: InstrumentListing, shard: Shard?) async throws(AdministrationError) -> StoredInstrument {
    let action = AdminAction(
      "instrument add", target: listing.symbol.description,
      [
        "name": listing.name, "exchange": listing.exchange, "reference_price": listing.referencePrice?.description,
        "shard": shard?.description,
      ])
    return try await database.change(action) { (connection) throws(PostgresError) in
      _ = try connection.query(PostgresCall(InstrumentStatements.lock))
      if let stored = try Self.find(listing.symbol, &connection) {
        guard stored.listing == listing, shard ?? stored.shard == stored.shard else {
          return .refused(
            "\(listing.symbol) exists with other content (shard \(stored.shard)); \"instrument import\" changes all but the shard"
          )
        }
        return .done(stored, outcome: AdministrationSession.unchanged)
      }
      var loads = try Self.loads(&connection)
      let chosen: Shard?
      if let shard { chosen = loads.take(shard) ? shard : nil } else { chosen = loads.take() }
      guard let chosen else {
        return .refused("there is no shard \(shard?.description ?? "at all"); \"buttonwood migrate\" makes them")
      }
      _ = try connection.query(Self.insert(listing, chosen))
      return .done(StoredInstrument(listing: listing, shard: chosen, haltReason: nil, isTradable: true))
    }
  }

  public func importAll(_ listings: [InstrumentListing]) async throws(AdministrationError) -> InstrumentChanges {
    let action = AdminAction("instrument import", target: "\(listings.count) instruments")
    return try await database.change(action) { (connection) throws(PostgresError) in
      _ = try connection.query(PostgresCall(InstrumentStatements.lock))
      let stored = try Self.all(&connection)
      let known = Dictionary(uniqueKeysWithValues: stored.map { ($0.listing.symbol, $0.listing) })
      var loads = try Self.loads(&connection)
      var changes = InstrumentChanges()
      var calls: [PostgresCall] = []
      for listing in listings {
        if let old = known[listing.symbol] {
          changes.updated += old == listing ? 0 : 1
          changes.unchanged += old == listing ? 1 : 0
          if old != listing { calls.append(PostgresCall(InstrumentStatements.update, Self.parameters(listing))) }
        } else {
          guard let shard = loads.take() else {
            return .refused("there is no shard at all; \"buttonwood migrate\" makes them")
          }
          changes.added += 1
          calls.append(Self.insert(listing, shard))
        }
      }
      for start in stride(from: 0, to: calls.count, by: Self.callsPerFlush) {
        _ = try connection.pipeline(Array(calls[start..<min(start + Self.callsPerFlush, calls.count)]))
      }
      return .done(
        changes,
        outcome: "added \(changes.added), updated \(changes.updated), left \(changes.unchanged) unchanged")
    }
  }

  public func list() async throws(AdministrationError) -> [StoredInstrument] {
    try await database.read { (connection) throws(PostgresError) in .done(try Self.all(&connection)) }
  }

  /// Most statements that are sent before answers are read.
  private static let callsPerFlush = 500

  private static func parameters(_ listing: InstrumentListing) -> [PostgresParameter] {
    [
      .text(listing.symbol.description), .text(listing.name), .text(listing.exchange),
      listing.referencePrice.map { .int8($0.rawValue) } ?? .null,
    ]
  }

  private static func insert(_ listing: InstrumentListing, _ shard: Shard) -> PostgresCall {
    PostgresCall(InstrumentStatements.insert, parameters(listing) + [.int2(shard.rawValue)])
  }

  private static func loads(_ connection: inout PostgresConnection) throws(PostgresError) -> ShardLoads {
    let rows = try connection.query(PostgresCall(InstrumentStatements.loads))
    return ShardLoads(
      Dictionary(
        uniqueKeysWithValues: (0..<rows.count).map { (Shard(rawValue: rows.int2($0, 0)), rows.int8($0, 1)) }))
  }

  private static func find(
    _ symbol: Symbol, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> StoredInstrument? {
    let rows = try connection.query(PostgresCall(InstrumentStatements.find, [.text(symbol.description)]))
    return rows.count == 0 ? nil : try stored(rows, 0)
  }

  private static func all(_ connection: inout PostgresConnection) throws(PostgresError) -> [StoredInstrument] {
    let rows = try connection.query(PostgresCall(InstrumentStatements.list))
    var all: [StoredInstrument] = []
    for row in 0..<rows.count { all.append(try stored(rows, row)) }
    return all
  }

  private static func stored(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> StoredInstrument {
    guard let symbol = Symbol(rows.text(row, 1)) else {
      throw .protocolFault("instrument \(rows.int4(row, 0)) has no proper symbol")
    }
    let listing = InstrumentListing(
      symbol: symbol, name: rows.text(row, 2), exchange: rows.text(row, 3),
      referencePrice: rows.isNull(row, 4) ? nil : Price(rawValue: rows.int8(row, 4)))
    return StoredInstrument(
      listing: listing, shard: Shard(rawValue: rows.int2(row, 5)),
      haltReason: rows.isNull(row, 6) ? nil : rows.text(row, 6),
      isTradable: rows.bool(row, 7), collects: rows.bool(row, 8),
      pausedUntil: rows.isNull(row, 9) ? nil : Timestamp(rawValue: rows.timestamp(row, 9)),
      bandTier: rows.isNull(row, 10) ? nil : try PostgresStore.stored(rows.int2(row, 10)))
  }
}
