public import Market
public import Ports
public import Postgres

/// What operators do with the market's day.
public struct MarketAdministration: Sendable {
  /// How instruments stand.
  public struct Standing: Hashable, Sendable {
    /// Which instruments: those that trade alike.
    public var phase: InstrumentPhase
    /// How many.
    public var instruments: Int64
    /// How many of them have been told something that they have not come to yet.
    public var awaiting: Int64
    /// How many of them may have orders left to expire.
    public var clearing: Int64
  }

  /// The market as it stands.
  public struct Status: Hashable, Sendable {
    /// Its clock.
    public var clock: MarketClockRecord
    /// Its instruments.
    public var standings: [Standing]

    /// How many instruments there are.
    public var instruments: Int64 { standings.reduce(0) { $0 + $1.instruments } }

    /// How many have come to a stage and have nothing left to expire.
    public func arrived(at target: SessionPoint) -> Int64 {
      standings.reduce(0) { sum, standing in
        guard let point = standing.phase.point, point >= target else { return sum }
        return sum + max(0, standing.instruments - standing.awaiting - standing.clearing)
      }
    }
  }

  /// How a wish was taken.
  public struct Aim: Hashable, Sendable {
    /// Where the market is to come.
    public var target: SessionPoint
    /// Whether it was to come there already.
    public var isRepeat: Bool
  }

  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  /// The market as it stands.
  public func status() async throws(AdministrationError) -> Status {
    try await database.read { (connection) throws(PostgresError) in
      let rows = try connection.pipeline([
        PostgresCall(MarketDayStatements.clock), PostgresCall(MarketDayStatements.phases),
      ])
      var standings: [Standing] = []
      for row in 0..<rows[1].count {
        standings.append(
          Standing(
            phase: InstrumentPhase(try MarketClockRows.point(rows[1], row, 0), isHalted: rows[1].bool(row, 2)),
            instruments: rows[1].int8(row, 3), awaiting: rows[1].int8(row, 4), clearing: rows[1].int8(row, 5)))
      }
      return .done(Status(clock: try MarketClockRecord(rows[0]), standings: standings))
    }
  }

  /// Wishes a manual market to come to a stage: of the day that it stands at, or of the next when that one is over. The
  /// leader then tells all instruments.
  /// - Parameter today: The present day in New York.
  public func aim(at stage: SessionStage, today: Day) async throws(AdministrationError) -> Aim {
    let action = AdminAction("market \(stage.word)", target: "market")
    return try await database.change(action) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Aim> in
      _ = try connection.query(PostgresCall(MarketDayStatements.lockClock))
      let clock = try MarketClockRecord(try connection.query(PostgresCall(MarketDayStatements.clock)))
      switch clock.mode {
      case .manual?: break
      case nil: return .refused("no worker has led yet; start one with --market-clock manual")
      case let mode?: return .refused("the market's clock is \(mode.rawValue); it is not driven by hand")
      }
      let wish = SessionPoint.wish(stage, at: clock.target, today: today)
      guard let wish else { return .refused("the market is open; close it first") }
      guard wish != clock.target else {
        return .done(Aim(target: wish, isRepeat: true), outcome: AdministrationSession.unchanged)
      }
      _ = try connection.query(PostgresCall(MarketDayStatements.aim, MarketClockRows.parameters(wish)))
      return .done(Aim(target: wish, isRepeat: false), outcome: "to come to \(wish)")
    }
  }
}

extension MarketClockRecord {
  fileprivate init(_ rows: PostgresRows) throws(PostgresError) { self = try MarketClockRows.record(rows) }
}
