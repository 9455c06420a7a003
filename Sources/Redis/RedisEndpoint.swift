/// Where a Redis server listens.
public enum RedisEndpoint: Hashable, Sendable, CustomStringConvertible {
  /// A host name or address, and a port.
  case tcp(host: String, port: Int)
  /// The path of a Unix socket.
  case unix(path: String)

  /// `host:port` or the path.
  public var description: String {
    switch self {
    case .tcp(let host, let port): return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): return path
    }
  }
}

/// What a Redis URL says: where the server is and how to log in.
public struct RedisAddress: Hashable, Sendable {
  /// Where the server listens.
  public var endpoint: RedisEndpoint
  /// The user of Redis's access control list; nil logs in as `default`.
  public var user: String?
  /// The password; nil does not log in. Never printed.
  public var password: String?
  /// The number of the database.
  public var database: Int

  /// Makes an address.
  public init(endpoint: RedisEndpoint, user: String? = nil, password: String? = nil, database: Int = 0) {
    self.endpoint = endpoint
    self.user = user
    self.password = password
    self.database = database
  }
}

extension RedisAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The address without its password.
  public var description: String {
    let login = (user ?? "") + (password == nil ? "" : ":***")
    let at = login.isEmpty ? "" : "\(login)@"
    switch endpoint {
    case .tcp: return "redis://\(at)\(endpoint)/\(database)"
    case .unix(let path): return "unix://\(at)\(path)?db=\(database)"
    }
  }

  /// The same.
  public var debugDescription: String { description }

  /// The same: `dump` shows no password either.
  public var customMirror: Mirror { Mirror(self, children: [("address", description)]) }
}
