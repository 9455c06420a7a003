internal import Lifecycle
internal import Postgres
internal import Redis
internal import Telemetry

/// Where PostgreSQL and Redis are: read the same way by every command.
struct ConnectionOptions {
  var databaseURL: String
  var redis: RedisAddress

  /// Reads `--database-url` and `--redis-url`, or the conventional variables.
  init(_ line: inout CommandLineOptions) {
    databaseURL = Self.database(&line)
    redis = Self.redis(&line)
  }

  /// Reads `--redis-url` alone.
  static func redis(_ line: inout CommandLineOptions) -> RedisAddress {
    let standard = RedisAddress(endpoint: .tcp(host: "127.0.0.1", port: 6379))
    let given = line.address(
      "redis-url", variable: "REDIS_URL", shown: "redis://127.0.0.1:6379",
      help: "Where Redis is: redis://[user:password@]host[:port][/database], unix:///path, "
        + "redis+sentinel://[user:password@]host[:port],…/master-name[/database][?sentinel_user=…&sentinel_password=…] "
        + "or redis+cluster://[user:password@]host[:port],…."
    ) { Redaction.hidingPasswords(in: $0) != $0 }
    guard let given else { return standard }
    do throws(RedisURLError) {
      return try RedisAddress(url: given.text)
    } catch {
      line.mistake("\(given.source): the value is not a Redis URL such as redis://127.0.0.1:6379/0")
      line.mistake(error.description)
      return standard
    }
  }

  /// Reads `--database-url` alone.
  static func database(_ line: inout CommandLineOptions) -> String {
    let mistakes = line.mistakeCount
    let given = line.address(
      "database-url", variable: "DATABASE_URL",
      help: "Where PostgreSQL is, as libpq takes it: postgresql://user@host:port/database. "
        + "Of several (host1:port1,host2:port2) the one that takes writes is used. Required.",
      holdsPassword: { PostgresOptions.holdsPassword($0) || Redaction.hidingPasswords(in: $0) != $0 })
    if given == nil, line.mistakeCount == mistakes {
      line.mistake("--database-url, --database-url-file or DATABASE_URL is required")
    }
    return given?.text ?? ""
  }
}

/// An address to listen on.
struct ListenAddress {
  var host: String
  var port: UInt16

  /// Parses `host:port`; `[::1]:8080` for IPv6.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { return nil }
    self.host = host
    self.port = port
  }

  /// Whether only this host reaches it.
  var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

  /// Reads the option `name`.
  static func read(_ name: String, default standard: String, _ line: inout CommandLineOptions, help: String)
    -> ListenAddress
  {
    line.value(
      name, "HOST:PORT", default: ListenAddress(standard)!, shown: standard,
      expected: "an address such as 127.0.0.1:8080", help: help
    ) { ListenAddress($0) }
  }
}
