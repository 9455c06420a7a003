/// What a Redis URL says: which servers there are and how to log in.
public struct RedisAddress: Hashable, Sendable {
  /// The servers.
  public var deployment: RedisDeployment
  /// How to log in to them.
  public var login: RedisLogin
  /// The number of the database.
  public var database: Int

  /// Makes an address.
  public init(_ deployment: RedisDeployment, login: RedisLogin = RedisLogin(), database: Int = 0) {
    self.deployment = deployment
    self.login = login
    self.database = database
  }

  /// Makes the address of a single server.
  public init(endpoint: RedisEndpoint, login: RedisLogin = RedisLogin(), database: Int = 0) {
    self.init(.server(endpoint), login: login, database: database)
  }
}

/// How Redis is run.
public enum RedisDeployment: Hashable, Sendable {
  /// One server, or whatever a proxy or a service's name stands for.
  case server(RedisEndpoint)
  /// A master with replicas, watched by sentinels that replace it.
  case sentinel(RedisSentinels)
  /// A cluster; `seeds` are some of its nodes, which tell the others.
  case cluster(seeds: [RedisEndpoint])
}

/// The sentinels to ask for a master.
public struct RedisSentinels: Hashable, Sendable {
  /// Where they listen; asked in turn.
  public var endpoints: [RedisEndpoint]
  /// What they call the master.
  public var masterName: String
  /// How to log in to the sentinels themselves.
  public var login: RedisLogin

  /// Makes a set.
  public init(_ endpoints: [RedisEndpoint], masterName: String, login: RedisLogin = RedisLogin()) {
    self.endpoints = endpoints
    self.masterName = masterName
    self.login = login
  }
}

/// Who to be on a server. Without a password nobody logs in.
public struct RedisLogin: Hashable, Sendable {
  /// The user of Redis's access control list; nil logs in as `default`.
  public var user: String?
  /// The password. Never printed.
  public var password: String?

  /// Makes a login.
  public init(user: String? = nil, password: String? = nil) {
    self.user = user
    self.password = password
  }

  var command: RedisCommand? {
    guard let password else { return nil }
    var command = RedisCommand("AUTH")
    if let user { command.add(user) }
    command.add(password)
    return command
  }
}

extension RedisLogin: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// `user:***@`; empty when there is nothing to log in with.
  public var description: String {
    let login = (user ?? "") + (password == nil ? "" : ":***")
    return login.isEmpty ? "" : "\(login)@"
  }

  /// The same.
  public var debugDescription: String { description }

  /// The same: `dump` shows no password either.
  public var customMirror: Mirror { Mirror(self, children: [("login", description)]) }
}

extension RedisAddress: CustomStringConvertible, CustomDebugStringConvertible {
  /// The address as a URL without passwords.
  public var description: String {
    switch deployment {
    case .server(.unix(let path)): return "unix://\(login)\(path)?db=\(database)"
    case .server(let endpoint): return "redis://\(login)\(endpoint)/\(database)"
    case .sentinel(let sentinels):
      let user = sentinels.login.user.map { "?sentinel_user=\($0)" } ?? ""
      return "redis+sentinel://\(login)\(list(sentinels.endpoints))/\(sentinels.masterName)/\(database)\(user)"
    case .cluster(let seeds): return "redis+cluster://\(login)\(list(seeds))"
    }
  }

  /// The same.
  public var debugDescription: String { description }
}

private func list(_ endpoints: [RedisEndpoint]) -> String { endpoints.map(\.description).joined(separator: ",") }
