public import Market
public import Ports
public import Postgres

/// The bounds of single orders in PostgreSQL.
public struct BoundsAdministration: BoundsOperations {
  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  public func set(_ bounds: OrderBounds, for scope: BoundsScope) async throws(AdministrationError) {
    let action = AdminAction(
      "bounds set", target: scope.description,
      [
        "max_quantity": bounds.quantity?.description, "max_notional": bounds.notional?.description,
        "collar": bounds.collar?.description,
      ])
    let terms: [PostgresParameter] = [
      bounds.quantity.map { .int8($0.rawValue) } ?? .null, bounds.notional.map { .int8($0.rawValue) } ?? .null,
      bounds.collar.map { .int4(Int32($0)) } ?? .null,
    ]
    try await database.change(action, flaw: BoundsRules.flaw(bounds, for: scope)) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Void> in
      switch try Self.find(scope, &connection) {
      case .refused(let text): return .refused(text)
      case .done(let names, _):
        _ = try connection.query(PostgresCall(BoundsStatements.set, names + terms))
        return .done(())
      }
    }
  }

  public func clear(_ scope: BoundsScope) async throws(AdministrationError) -> Bool {
    let action = AdminAction("bounds clear", target: scope.description)
    return try await database.change(action, flaw: BoundsRules.flaw(scope)) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Bool> in
      switch try Self.find(scope, &connection) {
      case .refused(let text): return .refused(text)
      case .done(let names, _):
        let rows = try connection.query(PostgresCall(BoundsStatements.clear, names))
        return rows.count > 0 ? .done(true) : .done(false, outcome: AdministrationSession.unchanged)
      }
    }
  }

  public func all() async throws(AdministrationError) -> [StoredBounds] {
    let rows = try await database.query(PostgresCall(BoundsStatements.list))
    return (0..<rows.count).map { row in
      let account = rows.int8(row, 0)
      return StoredBounds(
        account: account == 0 ? nil : AccountNumber(rawValue: account),
        symbol: rows.isNull(row, 1) ? nil : Symbol(rows.text(row, 1)),
        bounds: BoundsColumns.read(rows, row, from: 2))
    }
  }

  /// The keys of a scope: 0 stands for any.
  private static func find(
    _ scope: BoundsScope, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> AdministrationSession.Ending<[PostgresParameter]> {
    var names: [PostgresParameter] = [.int8(0), .int4(0)]
    if let name = scope.account {
      let call =
        switch name {
        case .id(let id): PostgresCall(AccountStatements.findByID, [.uuid(id.high, id.low)])
        case .number(let number): PostgresCall(AccountStatements.findByNumber, [.int8(number.rawValue)])
        }
      let rows = try connection.query(call)
      guard rows.count == 1 else { return .refused("there is no account \(name)") }
      names[0] = .int8(rows.int8(0, 0))
    }
    if let symbol = scope.symbol {
      let rows = try connection.query(PostgresCall(BoundsStatements.findSymbol, [.text(symbol.description)]))
      guard rows.count == 1 else { return .refused("there is no instrument \(symbol)") }
      names[1] = .int4(rows.int4(0, 0))
    }
    return .done(names)
  }
}
