/// Why a text is not the URL of a Redis server. Names the part that is wrong, never the password.
public struct RedisURLError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong and what would be right.
  public let description: String
}

extension RedisAddress {
  /// Reads `redis://[[user]:password@]host[:port][/database]` or `unix://[[user]:password@]/path[?db=database]`.
  ///
  /// User and password may be percent-encoded; the port defaults to 6379; an IPv6 address stands in brackets.
  /// - Throws: ``RedisURLError``.
  public init(url: String) throws(RedisURLError) {
    guard let colon = url.firstRange(of: "://") else { throw .expected }
    let scheme = url[..<colon.lowerBound]
    var rest = url[colon.upperBound...]
    var login: (user: String?, password: String?) = (nil, nil)
    let authorityEnd = rest.firstIndex(of: "/") ?? rest.endIndex
    if let at = rest[..<authorityEnd].lastIndex(of: "@") {
      login = try Self.login(rest[..<at])
      rest = rest[rest.index(after: at)...]
    } else if rest.contains("@"), scheme != "unix" {
      throw RedisURLError(description: "Redis URL: a / in the user or password must be written as %2F")
    }
    switch scheme {
    case "redis":
      let (endpoint, database) = try Self.tcp(rest)
      self.init(endpoint: endpoint, user: login.user, password: login.password, database: database)
    case "unix":
      let (endpoint, database) = try Self.unix(rest)
      self.init(endpoint: endpoint, user: login.user, password: login.password, database: database)
    case "rediss":
      throw RedisURLError(description: "Redis URL: rediss:// (TLS) is not supported; use redis:// through a TLS tunnel")
    default: throw .expected
    }
  }

  private static func login(_ text: Substring) throws(RedisURLError) -> (user: String?, password: String?) {
    guard let colon = text.firstIndex(of: ":") else {
      throw RedisURLError(description: "Redis URL: a user needs a password: redis://user:password@host")
    }
    guard let user = percentDecoded(text[..<colon]), let password = percentDecoded(text[text.index(after: colon)...])
    else { throw RedisURLError(description: "Redis URL: user or password has a malformed percent-encoding") }
    return (user.isEmpty ? nil : user, password.isEmpty ? nil : password)
  }

  private static func tcp(_ text: Substring) throws(RedisURLError) -> (RedisEndpoint, Int) {
    let slash = text.firstIndex(of: "/") ?? text.endIndex
    let (host, port) = try hostAndPort(text[..<slash])
    let path = text[slash...].dropFirst()
    return (.tcp(host: host, port: port), path.isEmpty ? 0 : try database(path))
  }

  private static func hostAndPort(_ text: Substring) throws(RedisURLError) -> (String, Int) {
    var host = text
    var port: Substring?
    if text.hasPrefix("[") {
      guard let bracket = text.firstIndex(of: "]") else {
        throw RedisURLError(description: "Redis URL: the address has [ without ]")
      }
      host = text[text.index(after: text.startIndex)..<bracket]
      let after = text[text.index(after: bracket)...]
      guard after.isEmpty || after.hasPrefix(":") else {
        throw RedisURLError(description: "Redis URL: after ] comes :port, / or the end")
      }
      port = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
    }
    guard !host.isEmpty else { throw RedisURLError(description: "Redis URL: the host is missing") }
    guard let port else { return (String(host), 6379) }
    guard let number = Int(port), (1...65_535).contains(number) else {
      throw RedisURLError(description: "Redis URL: the port must be a number from 1 to 65535")
    }
    return (String(host), number)
  }

  private static func unix(_ text: Substring) throws(RedisURLError) -> (RedisEndpoint, Int) {
    let mark = text.firstIndex(of: "?") ?? text.endIndex
    let path = text[..<mark]
    guard path.hasPrefix("/"), path.utf8.count > 1 else {
      throw RedisURLError(description: "Redis URL: unix:// needs an absolute path: unix:///run/redis.sock")
    }
    // The limit of sockaddr_un on Linux, less the closing zero.
    guard path.utf8.count <= 107 else {
      throw RedisURLError(description: "Redis URL: a socket's path may have at most 107 bytes")
    }
    let query = text[mark...].dropFirst()
    guard !query.isEmpty else { return (.unix(path: String(path)), 0) }
    guard query.hasPrefix("db=") else {
      throw RedisURLError(description: "Redis URL: after the path only ?db=number is understood")
    }
    return (.unix(path: String(path)), try database(query.dropFirst(3)))
  }

  private static func database(_ text: Substring) throws(RedisURLError) -> Int {
    guard let number = Int(text), number >= 0 else {
      throw RedisURLError(description: "Redis URL: the database must be a number from 0")
    }
    return number
  }
}

extension RedisURLError {
  fileprivate static let expected = RedisURLError(
    description: "Redis URL: expected redis://[user:password@]host[:port][/database] or unix:///path")
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
