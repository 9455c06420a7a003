internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood account keys`: `create`, `list`, `limit` and `revoke`.
enum AccountKeysCommand {
  /// The limits that a key may have of its own.
  private static let limits = 1...Int(AccountRules.maximumRequestsPerMinute)

  static func create(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood account keys create"
    var line = CommandLineOptions(
      name, "Gives an account one more API key. The secret is shown once and stored nowhere.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let role = line.choice(
      "role", default: KeyRole.trading, variable: .none,
      help: "What the key may do: everything, or look and change nothing.")
    let limit = line.optionalInteger(
      "requests-per-minute", in: limits, variable: .none,
      help: "Most requests a minute of this key; by default the gateways' general limit.")
    let printsJSON = line.json()
    let account = line.account()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.keys(url, actor: actor)
      let key = try await office.createKey(of: account, role: role, requestsPerMinute: limit.map { Int32($0) })
      Console.write(printsJSON ? json(key, role, limit) : "key_id  \(key.id)\nsecret  \(key.secret)\n")
    }
  }

  static func list(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood account keys list"
    var line = CommandLineOptions(name, "Lists an account's API keys, oldest first.", arguments)
    let url = line.databaseURL()
    let printsJSON = line.json()
    let account = line.account()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let keys = try await CommandLineTool.accounts(url).show(account).keys
      Console.write(printsJSON ? json(keys) : keys.isEmpty ? "account \(account) has no API key\n" : text(keys))
    }
  }

  static func limit(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood account keys limit"
    var line = CommandLineOptions(
      name,
      """
      Changes how many requests a minute an API key may make. Gateways that reach PostgreSQL heed it at once, the others as \
      soon as they do.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let key = line.key()
    let text = line.argument(
      "N", help: "Requests a minute, or \"none\": then the gateways' general limit holds for the key.")
    let limit = Int(text).flatMap { limits.contains($0) ? $0 : nil }
    if limit == nil, text != "none", !text.isEmpty {
      line.mistake("N: \"\(text)\" is neither a whole number from 1 to \(limits.upperBound) nor \"none\"")
    }
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = CommandLineTool.keys(url, actor: actor)
      try await office.limitKey(key, requestsPerMinute: limit.map { Int32($0) })
      Console.write(
        limit.map { "API key \(key) may make \($0) requests a minute\n" } ?? "API key \(key) has no limit of its own\n")
    }
  }

  static func revoke(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood account keys revoke"
    var line = CommandLineOptions(
      name,
      """
      Ends an API key for good. Gateways that reach PostgreSQL refuse it from the next request on, and no gateway takes an \
      order with it; an open stream of the key is closed within seconds. One that is cut off answers questions for the \
      few seconds that it remembers keys.
      """, arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let key = line.key()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      try await CommandLineTool.keys(url, actor: actor).revokeKey(key)
      Console.write("API key \(key) is revoked\n")
    }
  }

  /// A table of keys.
  static func text(_ keys: [ListedKey]) -> String {
    var table = TextTable([
      .left("key_id"), .left("role"), .right("requests a minute"), .left("created_at"), .left("revoked_at"),
    ])
    for key in keys {
      table.add([
        key.id, key.role.rawValue, key.requestsPerMinute.map { "\($0)" } ?? "-", key.createdAt.description,
        key.revokedAt?.description ?? "-",
      ])
    }
    return table.text
  }

  private static func json(_ keys: [ListedKey]) -> String {
    var writer = JSONWriter()
    writer.keys(keys)
    return writer.line
  }

  private static func json(_ key: IssuedKey, _ role: KeyRole, _ limit: Int?) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("key_id")
    writer.string(key.id)
    writer.key("secret")
    writer.string(key.secret)
    writer.key("role")
    writer.string(role.rawValue)
    writer.key("requests_per_minute")
    if let limit { writer.integer(Int64(limit)) } else { writer.null() }
    writer.endObject()
    return writer.line
  }
}

extension CommandLineOptions {
  /// Reads the API key that a command is about.
  fileprivate mutating func key() -> String {
    argument("KEY", help: "The key's id, such as PKXXXXXXXXXXXXXXXXXX.")
  }
}

extension JSONWriter {
  /// An array of keys.
  mutating func keys(_ keys: [ListedKey]) {
    beginArray()
    for key in keys { self.key(key) }
    endArray()
  }

  private mutating func key(_ value: ListedKey) {
    beginObject()
    key("key_id")
    string(value.id)
    key("role")
    string(value.role.rawValue)
    key("requests_per_minute")
    if let limit = value.requestsPerMinute { integer(Int64(limit)) } else { null() }
    key("created_at")
    string(value.createdAt.description)
    key("revoked_at")
    if let revokedAt = value.revokedAt { string(revokedAt.description) } else { null() }
    endObject()
  }
}
