internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresAudit
internal import PostgresStore
internal import Redis
internal import RedisStore
internal import Services

/// What operators' commands work on. Each port has a session of its own; `actor` is who makes the changes.
extension CommandLineTool {
  /// What operators do with accounts.
  static func accounts(_ url: String, actor: AdminActor = .process) -> any AccountOperations {
    AccountAdministration(session: session(url), actor: actor)
  }

  /// What operators do with API keys.
  static func keys(_ url: String, actor: AdminActor = .process) -> any KeyOperations {
    AccountAdministration(session: session(url), actor: actor)
  }

  /// Blocks accounts and cancels what they have open.
  static func blocking(_ url: String, actor: AdminActor = .process) -> AccountBlocking {
    let session = session(url)
    return AccountBlocking(
      accounts: AccountAdministration(session: session, actor: actor),
      cancels: CancelAllService(
        reader: PostgresAccountReader(pool: PostgresPool([session])),
        entry: BatchCancelAcceptance(ledger: PostgresAcceptanceLedger(session: session)) {
          Timestamp(rawValue: HostClock.microsecondsSinceEpoch())
        }))
  }

  /// What operators do with commands in quarantine.
  static func quarantine(_ url: String, actor: AdminActor = .process) -> any QuarantineOperations {
    QuarantineAdministration(session: session(url), actor: actor)
  }

  /// What operators do with instruments.
  static func instruments(_ url: String, actor: AdminActor = .process) -> any InstrumentOperations {
    InstrumentAdministration(session: session(url), actor: actor)
  }

  /// What operators do with the trading calendar.
  static func calendar(_ url: String, actor: AdminActor = .process) -> any CalendarOperations {
    CalendarAdministration(session: session(url), actor: actor)
  }

  /// What operators do with the market's day.
  static func market(_ url: String, actor: AdminActor = .process) -> any MarketOperations {
    MarketAdministration(session: session(url), actor: actor)
  }

  /// What operators do with keys of stream entries.
  static func streamKeys(_ url: String, actor: AdminActor = .process) -> any StreamKeyOperations {
    StreamKeyAdministration(session: session(url), actor: actor)
  }

  /// What operators do with the bounds of single orders.
  static func bounds(_ url: String, actor: AdminActor = .process) -> any BoundsOperations {
    BoundsAdministration(session: session(url), actor: actor)
  }

  /// What operators do with a restored backup.
  static func restoration(_ url: String, _ redis: RedisAddress, actor: AdminActor = .process) -> RestorationService {
    RestorationService(
      ledger: RestorationAdministration(session: session(url), actor: actor),
      streams: RedisRestoration(RedisStoreSettings(address: redis, name: "operator")))
  }

  /// What operators did.
  static func log(_ url: String) -> any AdminLogReader { AdminLog(session: session(url)) }

  /// Tells running workers what operators ask of them.
  static func fleet(_ redis: RedisAddress) -> FleetOperator {
    FleetOperator(members: RedisMembership(RedisStoreSettings(address: redis, name: "operator")))
  }

  /// Checks every invariant.
  static func audit(_ url: String) -> any InvariantAudit {
    LedgerAudit(session: PostgresSession(StoreSettings.analysis(url: url, role: "audit"), name: "audit"))
  }

  /// Brings the schema up to date.
  static func schema(_ url: String) -> any SchemaOperations {
    SchemaAdministration(session: PostgresSession(StoreSettings.analysis(url: url, role: "migrate"), name: "migrate"))
  }

  /// What this program knows of the schema.
  static var schemaFacts: SchemaFacts { SchemaAdministration.facts }

  private static func session(_ url: String) -> PostgresSession {
    PostgresSession(StoreSettings.ledger(url: url, role: "operator"), name: "operator")
  }
}
