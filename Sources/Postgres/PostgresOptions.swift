internal import Lifecycle

/// Where PostgreSQL is and how to behave towards it.
public struct PostgresOptions: Sendable {
  /// A connection string as libpq takes it: `postgresql://user@host:port/database` or `key=value` pairs. Several hosts are
  /// asked in turn for one that takes writes, unless the string says otherwise (`target_session_attrs`).
  public var url: String
  /// What shows as `application_name`.
  public var applicationName: String
  /// How long to wait for a connection, in whole seconds, for each host anew; the string's own `connect_timeout` comes first, up
  /// to ``longestConnectTimeout``.
  public var connectTimeout = TimeLimits.connect.value
  /// The longest that a connection string may ask to wait for one host.
  public static let longestConnectTimeout = Duration.seconds(60)
  /// After how long unacknowledged data breaks the connection: a black hole must not hang it.
  public var userTimeout = TimeLimits.silence.value
  /// The same while a flush is under way that is larger than what the server's host takes in before the server reads it.
  /// The server reads on only when it has carried out what came before, and to TCP a full buffer is silence.
  public var longUserTimeout = TimeLimits.longSilence.value
  /// Session settings, as `-c name=value` options.
  public var settings: [(name: String, value: String)] = []

  /// Options for a connection string.
  public init(url: String, applicationName: String) {
    self.url = url
    self.applicationName = applicationName
  }

  /// Whether a connection string holds a password, or might: what libpq cannot make sense of may.
  public static func holdsPassword(_ url: String) -> Bool {
    let given = ConnectionString.values(of: url)
    return given["password"] != nil || given["sslpassword"] != nil
      || (given.isEmpty && (url.contains("@") || url.contains("password")))
  }

  /// libpq's keywords; `dbname` is expanded as a connection string, and what follows it overrides it. The string's own
  /// `options` stand before those of the session, which win.
  ///
  /// Source: PostgreSQL 15, 34.1.2 (parameter key words) and 34.1.1.
  var keywords: [(String, String)] {
    let given = ConnectionString.values(of: url)
    let options = [given["options"] ?? ""] + settings.map { "-c \($0.name)=\($0.value)" }
    let standard = [
      ("keepalives", "1"), ("keepalives_idle", String(TimeLimits.keepAliveIdle.value.components.seconds)),
      ("keepalives_interval", "2"), ("keepalives_count", "3"),
      ("tcp_user_timeout", String(userTimeout.wholeMilliseconds)),
      ("target_session_attrs", Self.namesSeveralHosts(given) ? "read-write" : "any"),
    ]
    return [
      ("dbname", url), ("application_name", applicationName),
      ("connect_timeout", String(connectSeconds(given["connect_timeout"]))),
      ("options", options.filter { !$0.isEmpty }.joined(separator: " ")), ("client_encoding", "UTF8"),
    ] + standard.filter { given[$0.0] == nil }
  }

  /// How long silence may last, at all times and while a large flush is under way; nil where the
  /// connection string says it itself.
  var silence: SilenceLimit? {
    guard ConnectionString.values(of: url)["tcp_user_timeout"] == nil else { return nil }
    return SilenceLimit(usual: userTimeout, long: longUserTimeout)
  }

  /// To libpq, nothing, zero and negative numbers mean to wait for ever.
  private func connectSeconds(_ given: String?) -> Int64 {
    guard let seconds = given.flatMap({ Int64($0) }), seconds > 0 else { return connectTimeout.components.seconds }
    return min(seconds, Self.longestConnectTimeout.components.seconds)
  }

  private static func namesSeveralHosts(_ given: [String: String]) -> Bool {
    [given["host"], given["hostaddr"]].contains { $0?.contains(",") == true }
  }
}
