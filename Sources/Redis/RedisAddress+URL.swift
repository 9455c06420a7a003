/// Why a text is not the URL of a Redis deployment. Names the part that is wrong, never a password.
public struct RedisURLError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong and what would be right.
  public let description: String

  init(_ reason: String) { description = "Redis URL: \(reason)" }
}

extension RedisAddress {
  /// Reads a URL:
  /// - `redis://[[user]:password@]host[:port][/database]`
  /// - `unix://[[user]:password@]/path[?db=database]`
  /// - `redis+sentinel://[[user]:password@]host[:port],…/master[/database][?sentinel_user=…&sentinel_password=…]`
  /// - `redis+cluster://[[user]:password@]host[:port],…`
  ///
  /// Users, passwords and the master's name may be percent-encoded; ports default to 6379, those of sentinels to 26379;
  /// an IPv6 address stands in brackets.
  /// - Throws: ``RedisURLError``.
  public init(url: String) throws(RedisURLError) {
    guard let colon = url.firstRange(of: "://") else { throw .expected }
    let scheme = url[..<colon.lowerBound]
    let rest = url[colon.upperBound...]
    switch scheme {
    case "redis": self = try Self.server(URLParts(rest))
    case "unix": self = try Self.unix(rest)
    case "redis+sentinel": self = try Self.sentinel(URLParts(rest))
    case "redis+cluster": self = try Self.cluster(URLParts(rest))
    case "rediss", "rediss+sentinel", "rediss+cluster":
      throw RedisURLError(
        "\(scheme):// (TLS) is not supported; use \(scheme.replacing("rediss", with: "redis")):// through a TLS tunnel")
    default: throw .expected
    }
  }

  private static func server(_ parts: URLParts) throws(RedisURLError) -> RedisAddress {
    guard parts.query.isEmpty else { throw RedisURLError("redis:// takes nothing behind a ?") }
    guard !parts.hosts.contains(",") else {
      throw RedisURLError("several hosts need redis+sentinel:// or redis+cluster://")
    }
    guard parts.path.count <= 1 else { throw .database }
    return RedisAddress(
      endpoint: try endpoint(parts.hosts, standardPort: 6379), login: parts.login,
      database: try parts.path.first.map(database) ?? 0)
  }

  private static func unix(_ text: Substring) throws(RedisURLError) -> RedisAddress {
    // What precedes the first slash can only be the login; the path may contain an @.
    let slash = text.firstIndex(of: "/") ?? text.endIndex
    var login = RedisLogin()
    var rest = text
    if let at = text[..<slash].lastIndex(of: "@") {
      login = try RedisLogin(url: text[..<at])
      rest = text[text.index(after: at)...]
    }
    let mark = rest.firstIndex(of: "?") ?? rest.endIndex
    let path = rest[..<mark]
    guard path.hasPrefix("/"), path.utf8.count > 1 else {
      throw RedisURLError("unix:// needs an absolute path: unix:///run/redis.sock")
    }
    // The limit of sockaddr_un on Linux, less the closing zero.
    guard path.utf8.count <= 107 else { throw RedisURLError("a socket's path may have at most 107 bytes") }
    let query = rest[mark...].dropFirst()
    guard query.isEmpty || query.hasPrefix("db=") else {
      throw RedisURLError("after the path only ?db=number is understood")
    }
    return RedisAddress(
      endpoint: .unix(path: String(path)), login: login, database: query.isEmpty ? 0 : try database(query.dropFirst(3)))
  }

  private static func sentinel(_ parts: URLParts) throws(RedisURLError) -> RedisAddress {
    guard let name = percentDecoded(parts.path.first ?? "") else { throw .encoding }
    guard !name.isEmpty else {
      throw RedisURLError("redis+sentinel:// needs the master's name behind the hosts: …:26379/mymaster")
    }
    guard parts.path.count <= 2 else { throw .database }
    let sentinels = RedisSentinels(
      try endpoints(parts.hosts, standardPort: 26379), masterName: name, login: try sentinelLogin(parts.query))
    return RedisAddress(
      .sentinel(sentinels), login: parts.login,
      database: try parts.path.dropFirst().first.map(database) ?? 0)
  }

  private static func cluster(_ parts: URLParts) throws(RedisURLError) -> RedisAddress {
    guard parts.path.isEmpty else { throw RedisURLError("a cluster has one database: nothing stands behind the hosts") }
    guard parts.query.isEmpty else { throw RedisURLError("redis+cluster:// takes nothing behind a ?") }
    return RedisAddress(.cluster(seeds: try endpoints(parts.hosts, standardPort: 6379)), login: parts.login)
  }

  private static func sentinelLogin(_ query: [(name: Substring, value: Substring)]) throws(RedisURLError) -> RedisLogin
  {
    var login = RedisLogin()
    for (name, value) in query {
      guard let value = percentDecoded(value) else { throw .encoding }
      switch name {
      case "sentinel_user": login.user = value
      case "sentinel_password": login.password = value
      default: throw RedisURLError("behind the ? only sentinel_user=… and sentinel_password=… are understood")
      }
    }
    guard login.user == nil || login.password != nil else {
      throw RedisURLError("sentinel_user needs sentinel_password")
    }
    return login
  }

  private static func endpoints(_ hosts: Substring, standardPort: Int) throws(RedisURLError) -> [RedisEndpoint] {
    try hosts.split(separator: ",", omittingEmptySubsequences: false).map { host throws(RedisURLError) in
      try endpoint(host, standardPort: standardPort)
    }
  }

  private static func endpoint(_ text: Substring, standardPort: Int) throws(RedisURLError) -> RedisEndpoint {
    var host = text
    var port: Substring?
    if text.hasPrefix("[") {
      guard let bracket = text.firstIndex(of: "]") else { throw RedisURLError("the address has [ without ]") }
      host = text[text.index(after: text.startIndex)..<bracket]
      let after = text[text.index(after: bracket)...]
      guard after.isEmpty || after.hasPrefix(":") else { throw RedisURLError("after ] comes :port, / or the end") }
      port = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
    }
    guard !host.isEmpty else { throw RedisURLError("the host is missing") }
    guard let port else { return .tcp(host: String(host), port: standardPort) }
    guard let number = Int(port), (1...65_535).contains(number) else {
      throw RedisURLError("the port must be a number from 1 to 65535")
    }
    return .tcp(host: String(host), port: number)
  }

  private static func database(_ text: Substring) throws(RedisURLError) -> Int {
    guard let number = Int(text), number >= 0 else { throw .database }
    return number
  }
}

/// What stands behind `://`, taken apart: `login@hosts/path/path?query`.
private struct URLParts {
  var login = RedisLogin()
  var hosts: Substring
  var path: [Substring] = []
  var query: [(name: Substring, value: Substring)] = []

  init(_ text: Substring) throws(RedisURLError) {
    let authorityEnd = text.firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
    hosts = text[..<authorityEnd]
    if let at = hosts.lastIndex(of: "@") {
      login = try RedisLogin(url: hosts[..<at])
      hosts = hosts[hosts.index(after: at)...]
    } else if text[authorityEnd...].contains("@") {
      throw RedisURLError("a / in the user or password must be written as %2F, a ? as %3F, an @ elsewhere as %40")
    }
    let mark = text[authorityEnd...].firstIndex(of: "?") ?? text.endIndex
    path = text[authorityEnd..<mark].dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    if path == [""] { path = [] }
    guard mark < text.endIndex else { return }
    for pair in text[mark...].dropFirst().split(separator: "&", omittingEmptySubsequences: false) {
      let equals = pair.firstIndex(of: "=") ?? pair.endIndex
      query.append((pair[..<equals], pair[equals...].dropFirst()))
    }
  }
}

extension RedisLogin {
  fileprivate init(url text: Substring) throws(RedisURLError) {
    guard let colon = text.firstIndex(of: ":") else {
      throw RedisURLError("a user needs a password: redis://user:password@host")
    }
    guard let user = percentDecoded(text[..<colon]), let password = percentDecoded(text[text.index(after: colon)...])
    else { throw .encoding }
    self.init(user: user.isEmpty ? nil : user, password: password.isEmpty ? nil : password)
  }
}

extension RedisURLError {
  fileprivate static let expected = RedisURLError(
    "expected redis://[user:password@]host[:port][/database], unix:///path, redis+sentinel://host:port,…/master or "
      + "redis+cluster://host:port,…")
  fileprivate static let encoding = RedisURLError("user, password or name has a malformed percent-encoding")
  fileprivate static let database = RedisURLError("the database must be a number from 0")
}

/// The text with `%41` as `A`; nil when an escape is malformed or the bytes are not UTF-8.
private func percentDecoded(_ text: Substring) -> String? {
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "%") else {
      bytes.append(byte)
      continue
    }
    guard rest.count >= 2, rest.prefix(2).allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
    else { return nil }
    bytes.append(value)
    rest.removeFirst(2)
  }
  return String(validating: bytes, as: UTF8.self)
}
