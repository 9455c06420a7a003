/// Where PostgreSQL is and how to behave towards it.
public struct PostgresOptions: Sendable {
  /// A connection string as libpq takes it: `postgresql://user@host:port/database` or `key=value` pairs.
  public var url: String
  /// What shows as `application_name`.
  public var applicationName: String
  /// Seconds to wait for a connection.
  public var connectTimeoutSeconds = 3
  /// Milliseconds after which unacknowledged data breaks the connection: a black hole must not hang it.
  public var userTimeoutMilliseconds = 5_000
  /// Session settings, as `-c name=value` options.
  public var settings: [(name: String, value: String)] = []

  /// Options for a connection string.
  public init(url: String, applicationName: String) {
    self.url = url
    self.applicationName = applicationName
  }

  /// libpq's keywords; `dbname` is expanded as a connection string, and what follows it overrides it.
  ///
  /// Source: PostgreSQL 15, 34.1.2 (parameter key words) and 34.1.1.
  var keywords: [(String, String)] {
    let options = settings.map { "-c \($0.name)=\($0.value)" }.joined(separator: " ")
    return [
      ("dbname", url), ("application_name", applicationName),
      ("connect_timeout", String(connectTimeoutSeconds)), ("keepalives", "1"), ("keepalives_idle", "5"),
      ("keepalives_interval", "2"), ("keepalives_count", "3"),
      ("tcp_user_timeout", String(userTimeoutMilliseconds)), ("options", options),
      ("client_encoding", "UTF8"),
    ]
  }
}
