import Lifecycle
import Testing

@testable import buttonwood

/// What commands say to a command line they do not understand; none of them reaches a server.
struct UsageTests {
  @Test(arguments: [
    "create", "create --cash 1.00001 --name A", "create --name A --cash", "deposit", "deposit x 5", "deposit 1 five",
    "withdraw 1", "grant 1 AAPL 1.5", "grant 1 aapl 1", "grant 1 AAPL 1 --cost x", "list --limit 0", "show", "block 1",
    "block --reason r x", "block --reason r --wait never 1", "block --reason r --actor= 1",
    "unblock", "keys limit K", "keys limit K 0", "keys limit K many", "keys list x", "keys create --role owner 1",
    "keys create --requests-per-minute 0 1",
    "keys", "keys revoke", "keys create 0", "nonsense", "",
  ])
  func accountMistakesEndWithTwo(_ words: String) async {
    #expect(await AccountCommand.run(Self.words(words)) == 2)
  }

  @Test(arguments: [
    "add", "add ibm --name I", "add IBM", "add IBM --name I --exchange LSE", "add IBM --name I --reference-price 0",
    "add IBM --name I --shard -1", "import", "halt IBM", "resume", "list extra",
  ])
  func instrumentMistakesEndWithTwo(_ words: String) async {
    #expect(await InstrumentCommand.run(Self.words(words)) == 2)
  }

  @Test(arguments: [
    "retry", "retry 3", "retry x 1", "retry 3 0", "retry -1 1", "retry 3 1 2", "refuse 3 1", "refuse --reason no 3",
    "refuse --reason no 99999 1", "list extra", "list --limit 0", "nonsense", "",
  ])
  func quarantineMistakesEndWithTwo(_ words: String) async {
    #expect(await QuarantineCommand.run(Self.words(words)) == 2)
  }

  @Test(arguments: ["rotate now", "retire 3", "list --actor a", "rotate --key x", "nonsense", ""])
  func streamKeyMistakesEndWithTwo(_ words: String) async {
    #expect(await StreamKeyCommand.run(Self.words(words)) == 2)
  }

  @Test(arguments: ["now", "--redis-url nonsense", "--actor=", "--yes"])
  func restoredMistakesEndWithTwo(_ words: String) async {
    #expect(await RestoredCommand.run(Self.words(words)) == 2)
  }

  @Test(arguments: [
    "--from 2026-13-01", "--from 1989-12-31", "--to 2051-01-01", "--from 2026-02-02 --to 2026-02-01", "--csv --json",
    "close", "close 2027-01-04", "close --reason r", "close --reason r Monday", "shorten --reason r 2027-01-04",
    "shorten --reason r --at 9:45 2027-01-04", "shorten --reason r --at 16:00 2027-01-04", "restore", "nonsense", "",
  ])
  func calendarMistakesEndWithTwo(_ words: String) async {
    #expect(await CalendarCommand.run(Self.words(words)) == 2)
  }

  @Test func otherMistakesEndWithTwo() async {
    for words in ["extra", "--limit 0", "--since yesterday", "--account x"] {
      #expect(await LogCommand.run(Self.words(words)) == 2)
    }
    #expect(await MigrateCommand.run(Self.words("--shards 0")) == 2)
    #expect(await MigrateCommand.run(Self.words("extra")) == 2)
    #expect(await StatusCommand.run(Self.words("--redis-url ftp://x")) == 2)
  }

  @Test func helpIsNoMistake() async {
    #expect(await AccountCommand.run(["--help"]) == 0)
    #expect(await AccountCommand.run(["deposit", "--help"]) == 0)
    #expect(await InstrumentCommand.run(["import", "--help"]) == 0)
    #expect(await AccountCommand.run(["block", "--help"]) == 0)
    #expect(await AccountCommand.run(["keys", "limit", "--help"]) == 0)
    #expect(await LogCommand.run(["--help"]) == 0)
    #expect(await MigrateCommand.run(["--help"]) == 0)
    #expect(await StatusCommand.run(["--help"]) == 0)
    #expect(await QuarantineCommand.run(["--help"]) == 0)
    #expect(await CalendarCommand.run(["--help"]) == 0)
    #expect(await CalendarCommand.run(["shorten", "--help"]) == 0)
    #expect(await QuarantineCommand.run(["retry", "--help"]) == 0)
    #expect(await RestoredCommand.run(["--help"]) == 0)
    #expect(await StreamKeyCommand.run(["--help"]) == 0)
    #expect(await StreamKeyCommand.run(["rotate", "--help"]) == 0)
  }

  @Test func aServerThatIsNotThereEndsWithOne() async {
    let nowhere = ["--database-url", "postgresql://u@127.0.0.1:1/x"]
    #expect(await AccountCommand.run(["list"] + nowhere) == 1)
    #expect(await AccountCommand.run(["block", "--reason", "r", "--cancel-all"] + nowhere + ["1"]) == 1)
    #expect(await LogCommand.run(nowhere) == 1)
    #expect(await InstrumentCommand.run(["import"] + nowhere + ["/nonexistent/list.csv"]) == 1)
    #expect(await QuarantineCommand.run(["list"] + nowhere) == 1)
    #expect(await StatusCommand.run(nowhere + ["--redis-url", "redis://127.0.0.1:1"]) == 1)
  }

  /// A command line is seen by everybody on the machine.
  @Test(arguments: [
    ("--database-url", "postgresql://u:hunter2@127.0.0.1:1/x"),
    ("--database-url", "postgresql://u@h/x?password=hunter2"),
    ("--database-url", "host=127.0.0.1 password = 'hunter2'"), ("--database-url", "host=127.0.0.1 sslpassword=hunter2"),
    ("--database-url", "postgresql://u:hun/ter2@h/x"), ("--redis-url", "redis://u:hunter2@127.0.0.1"),
    ("--redis-url", "redis://:hunter2@127.0.0.1"),
    ("--redis-url", "redis+sentinel://127.0.0.1/m?sentinel_user=u&sentinel_password=hunter2"),
  ])
  func aPasswordOnTheCommandLineIsAMistakeThatIsNotRepeated(_ flag: String, _ url: String) {
    for words in [[flag, url], ["\(flag)=\(url)"]] {
      var line = CommandLineOptions("x", "", words, environment: ["DATABASE_URL": "postgresql://u:hunter2@h/x"])
      _ = ConnectionOptions(&line)
      do throws(CommandLineExit) {
        try line.finish()
        Issue.record("\(url) was taken")
      } catch {
        guard case .usage(_, let mistakes) = error else {
          Issue.record("\(error)")
          return
        }
        #expect(mistakes.count == 1)
        #expect(mistakes.allSatisfy { !$0.contains("hunter2") && $0.contains("variable") })
      }
    }
  }

  @Test func passwordsComeFromVariablesAndFiles() throws(CommandLineExit) {
    let variables = ["DATABASE_URL": "postgresql://u:hunter2@h/x", "REDIS_URL": "redis://u:hunter2@127.0.0.1"]
    var line = CommandLineOptions("x", "", [], environment: variables)
    let connections = ConnectionOptions(&line)
    try line.finish()
    #expect(connections.databaseURL == "postgresql://u:hunter2@h/x")
    var other = CommandLineOptions("x", "", ["--database-url-file", "/nonexistent/url"], environment: variables)
    _ = ConnectionOptions(&other)
    #expect(throws: CommandLineExit.self) { try other.finish() }
  }

  @Test(arguments: [
    ("postgresql://bob:hun/ter2@db/x", true), ("postgresql://bob:hun%ter2@db/x", true),
    ("postgresql://bob:50%@db/x", true),
    ("postgresql://bob:hun%2Fter2@db/x", false), ("postgresql://db/x?user=a@b/c", false), ("host=/tmp dbname=x", false),
  ])
  func loginsThatLibpqWouldQuoteAreRefused(_ url: String, _ isRefused: Bool) {
    #expect(DatabaseURL.hasUnencodedLogin(url) == isRefused)
  }

  private static func words(_ text: String) -> [String] {
    let given = text.split(separator: " ").map(String.init)
    // The database is named, so that the mistake is the one that is meant; it is never spoken to.
    return given.isEmpty ? [] : given + ["--database-url", "postgresql://127.0.0.1:1/x"]
  }
}
