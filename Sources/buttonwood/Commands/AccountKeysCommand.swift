internal import JSON
internal import Lifecycle
internal import PostgresStore

/// `buttonwood account keys create` and `revoke`.
enum AccountKeysCommand {
  static func create(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood account keys create"
    var line = CommandLineOptions(
      name, "Gives an account one more API key. The secret is shown once and stored nowhere.", arguments)
    let url = line.databaseURL()
    let printsJSON = line.json()
    let account = line.account()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = AccountAdministration(session: CommandLineTool.session(url))
      let key = try await office.createKey(of: account)
      Console.write(printsJSON ? json(key) : "key_id  \(key.id)\nsecret  \(key.secret)\n")
    }
  }

  static func revoke(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood account keys revoke"
    var line = CommandLineOptions(
      name, "Ends an API key for good. Gateways may honour it for the few seconds that they remember keys.", arguments)
    let url = line.databaseURL()
    let key = line.argument("KEY", help: "The key's id, such as PKXXXXXXXXXXXXXXXXXX.")
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      try await AccountAdministration(session: CommandLineTool.session(url)).revokeKey(key)
      Console.write("API key \(key) is revoked\n")
    }
  }

  private static func json(_ key: APIKey) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("key_id")
    writer.string(key.id)
    writer.key("secret")
    writer.string(key.secret)
    writer.endObject()
    return writer.line
  }
}
