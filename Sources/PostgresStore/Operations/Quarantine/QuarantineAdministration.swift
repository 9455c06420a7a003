public import Market
public import Ports
public import Postgres

/// Commands in quarantine as PostgreSQL keeps them.
public struct QuarantineAdministration: QuarantineOperations {
  /// The longest note, in bytes.
  public static let maximumNoteBytes = 500

  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  /// A log row and what it is about.
  private struct Row {
    var kind: LogColumns.Kind
    var account: Int64
    var order: UniqueID
    var target: UniqueID?
  }

  public func list(includesResolved: Bool, limit: Int32) async throws(AdministrationError) -> [QuarantinedCommand] {
    let rows = try await database.query(
      PostgresCall(QuarantineStatements.list, [.bool(includesResolved), .int4(limit)]))
    do throws(PostgresError) {
      var commands: [QuarantinedCommand] = []
      for row in 0..<rows.count { commands.append(try QuarantinedCommand(rows, row)) }
      return commands
    } catch {
      throw AdministrationError(error)
    }
  }

  public func retry(_ shard: Shard, _ sequence: Sequence, note: String?) async throws(AdministrationError)
    -> QuarantineReturn
  {
    let action = AdminAction("quarantine retry", target: Self.target(shard, sequence), ["note": note])
    return try await resolve(shard, sequence, .retried, note: note, action)
  }

  public func refuse(_ shard: Shard, _ sequence: Sequence, reason: String) async throws(AdministrationError)
    -> QuarantineReturn
  {
    let action = AdminAction("quarantine refuse", target: Self.target(shard, sequence), ["reason": reason])
    return try await resolve(shard, sequence, .refused, note: reason, action)
  }

  private static func flaw(_ note: String?) -> String? {
    guard let note, !(1...maximumNoteBytes).contains(note.utf8.count) || note.utf8.contains(0) else { return nil }
    return "a reason or note has 1 to \(maximumNoteBytes) bytes"
  }

  private static func target(_ shard: Shard, _ sequence: Sequence) -> String { "shard \(shard) sequence \(sequence)" }

  private func resolve(
    _ shard: Shard, _ sequence: Sequence, _ resolution: QuarantinedCommand.Resolution, note: String?,
    _ action: AdminAction
  ) async throws(AdministrationError) -> QuarantineReturn {
    try await database.change(action, flaw: Self.flaw(note)) { (connection) throws(PostgresError) in
      let place: [PostgresParameter] = [.int2(shard.rawValue), .int8(sequence.rawValue)]
      let found = try connection.query(PostgresCall(QuarantineStatements.find, place))
      guard found.count == 1 else {
        return .refused("shard \(shard) sequence \(sequence) is not in quarantine; \"quarantine list\" shows what is")
      }
      guard let row = try Self.row(found) else {
        return .refused("the log row of shard \(shard) sequence \(sequence) is not in the database any more")
      }
      _ = try connection.query(PostgresCall(QuarantineStatements.lockAccount, [.int8(row.account)]))
      if let ending = try Self.earlier(place, resolution, &connection) { return ending }
      switch row.kind {
      case .cancel: break
      case .place, .replace:
        if try Self.place(of: row.order, row.account, &connection) != sequence.rawValue {
          return .refused("order \(row.order) is not where its command left it; run \"buttonwood audit\"")
        }
      case .market:
        _ = try connection.query(PostgresCall(MarketDayStatements.lockLog, [place[0]]))
        let isOutdated = try connection.query(PostgresCall(QuarantineStatements.isOutdated, place)).bool(0, 0)
        if resolution == .retried, isOutdated {
          return .refused("the instrument has been told otherwise since; refuse it")
        }
      }
      let came = try Self.append(row, place, resolution, note, &connection)
      return .done(came, outcome: "done as sequence \(came.sequence)")
    }
  }

  private static func row(_ rows: PostgresRows) throws(PostgresError) -> Row? {
    guard !rows.isNull(0, 0) else { return nil }
    return Row(
      kind: try stored(rows.int2(0, 0) & LogColumns.Kind.mask), account: rows.int8(0, 1),
      order: UniqueID(rows.uuid(0, 2)),
      target: rows.isNull(0, 3) ? nil : UniqueID(rows.uuid(0, 3)))
  }

  /// What is to be said of a command that has left the quarantine before; nil while it is there.
  private static func earlier(
    _ place: [PostgresParameter], _ resolution: QuarantinedCommand.Resolution, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> AdministrationSession.Ending<QuarantineReturn>? {
    let rows = try connection.query(PostgresCall(QuarantineStatements.lock, place))
    guard !rows.isNull(0, 0) else { return nil }
    let sequence = Sequence(rawValue: rows.int8(0, 1))
    guard rows.text(0, 0) == resolution.rawValue else {
      return .refused("it was \(rows.text(0, 0)) already, as sequence \(sequence)")
    }
    return .done(QuarantineReturn(sequence: sequence, isRepeat: true), outcome: AdministrationSession.unchanged)
  }

  /// The log row by which an open order is known; nil when it is closed or gone.
  private static func place(
    of order: UniqueID, _ account: Int64, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> Int64? {
    let rows = try connection.query(
      PostgresCall(QuarantineStatements.findOrder, [.int8(account), .uuid(order.high, order.low)]))
    return rows.count == 1 && rows.bool(0, 0) ? rows.int8(0, 1) : nil
  }

  private static func append(
    _ row: Row, _ place: [PostgresParameter], _ resolution: QuarantinedCommand.Resolution, _ note: String?,
    _ connection: inout PostgresConnection
  ) throws(PostgresError) -> QuarantineReturn {
    // The order that it changes may itself have come out of quarantine since.
    let target = row.kind == .cancel ? row.order : row.kind == .replace ? row.target : nil
    var targetPlace: Int64?
    if let target { targetPlace = try Self.place(of: target, row.account, &connection) }
    let appended = try connection.query(
      PostgresCall(
        QuarantineStatements.append,
        place + [
          .int2(resolution == .refused ? LogColumns.Kind.refused : 0), targetPlace.map { .int8($0) } ?? .null,
          .text(resolution.rawValue), note.map { .text($0) } ?? .null,
        ]))
    let sequence = appended.int8(0, 0)
    if row.kind == .place || row.kind == .replace {
      _ = try connection.query(
        PostgresCall(
          QuarantineStatements.moveOrder, [.int8(row.account), .uuid(row.order.high, row.order.low), .int8(sequence)]))
    }
    return QuarantineReturn(sequence: Sequence(rawValue: sequence), isRepeat: false)
  }
}
