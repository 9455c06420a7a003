internal import Lifecycle
internal import Ports
internal import Telemetry

extension CommandLineOptions {
  /// Reads where PostgreSQL is; empty when it is not given, which `finish()` throws.
  mutating func databaseURL() -> String {
    let url = ConnectionOptions.database(&self)
    // Here, because libpq's own message would quote a part of the password.
    if DatabaseURL.hasUnencodedLogin(url) {
      mistake("--database-url (or DATABASE_URL): in a user or password, / and % must be written as %2F and %25")
    }
    return url
  }

  /// Reads who makes a change.
  mutating func actor() -> AdminActor {
    value(
      "actor", "NAME", default: .process, shown: "user@host of this process",
      expected: "a name of 1 to \(AdminActor.maximumBytes) bytes without control characters",
      help: "Who makes the change, for \"buttonwood log\"."
    ) { AdminActor($0) }
  }

  /// Reads whether the result is printed as JSON.
  mutating func json() -> Bool { flag("json", help: "Prints JSON.") }
}

/// What is checked of a connection string before libpq reads it.
enum DatabaseURL {
  /// Whether the login of a `postgresql://` URL holds a slash or a stray percent sign.
  static func hasUnencodedLogin(_ url: String) -> Bool {
    guard let scheme = url.firstRange(of: "://") else { return false }
    let rest = url[scheme.upperBound...].prefix { $0 != "?" }
    guard let at = rest.lastIndex(of: "@") else { return false }
    let login = rest[..<at]
    let pieces = login.split(separator: "%", omittingEmptySubsequences: false).dropFirst()
    return login.contains("/") || pieces.contains { $0.prefix(2).count < 2 || UInt8($0.prefix(2), radix: 16) == nil }
  }
}

/// How commands speak to the database and to their user.
enum CommandLineTool {
  /// Prints an error in one line, without passwords, and returns the exit status of a failure.
  static func fail(_ command: String, _ error: any CustomStringConvertible) -> Int32 {
    let text = error.description.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    Console.write("\(command): \(Redaction.hidingPasswords(in: text))\n", to: .error)
    return 1
  }

  /// Runs what a command does and turns its error into a line and a status.
  static func run<Failure: Error & CustomStringConvertible>(
    _ command: String, _ body: () async throws(Failure) -> Void
  ) async -> Int32 {
    do throws(Failure) {
      try await body()
      return 0
    } catch {
      return fail(command, error)
    }
  }
}
