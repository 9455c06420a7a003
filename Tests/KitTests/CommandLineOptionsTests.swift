import Foundation
import Testing

@testable import Lifecycle

private enum Speed: String, CaseIterable { case slow, fast }

private func line(_ words: String..., environment: [String: String] = [:]) -> CommandLineOptions {
  CommandLineOptions("tool run", "Runs.", words, environment: environment)
}

private func exit(of line: CommandLineOptions) -> CommandLineExit? {
  do throws(CommandLineExit) { try line.finish() } catch { return error }
  return nil
}

private func exit(of table: CommandTable, _ word: String?) -> CommandLineExit? {
  do throws(CommandLineExit) { _ = try table.command(word) } catch { return error }
  return nil
}

private func mistakes(_ line: CommandLineOptions) -> [String] {
  guard case .usage(_, let mistakes) = exit(of: line) else { return [] }
  return mistakes
}

struct CommandLineOptionsTests {
  @Test func flagWinsOverVariableWhichWinsOverDefault() throws {
    let environment = ["BUTTONWOOD_MAX_ROWS": "7"]
    var both = line("--max-rows", "9", environment: environment)
    #expect(both.integer("max-rows", default: 5, in: 0...10, help: "") == 9)
    try both.finish()
    var variable = line(environment: environment)
    #expect(variable.integer("max-rows", default: 5, in: 0...10, help: "") == 7)
    var neither = line(environment: ["BUTTONWOOD_MAX_ROWS": ""])
    #expect(neither.integer("max-rows", default: 5, in: 0...10, help: "") == 5)
    var conventional = line(environment: ["DATABASE_URL": "postgres://x"])
    #expect(conventional.optionalText("postgres", "URL", variable: .named("DATABASE_URL"), help: "") == "postgres://x")
  }

  @Test func everyReaderUnderstandsItsNotation() throws {
    var options = line(
      "in.csv", "--json", "--name=a=b", "--speed", "fast", "--lease", "1.5s", "out.csv", "--", "--odd", "-n")
    #expect(options.flag("json", help: "") == true)
    #expect(options.flag("quiet", help: "") == false)
    #expect(options.text("name", "NAME", default: "", help: "") == "a=b")
    #expect(options.choice("speed", default: Speed.slow, help: "") == .fast)
    #expect(options.optionalChoice("other", Speed.self, help: "") == nil)
    #expect(options.duration("lease", default: .zero, help: "") == .milliseconds(1500))
    #expect(options.argument("FILE", help: "") == "in.csv")
    #expect(options.arguments("MORE", help: "") == ["out.csv", "--odd", "-n"])
    try options.finish()
  }

  @Test func allMistakesAreReportedAtOnce() {
    var options = line(
      "--port", "x", "--rows", "11", "--sped", "fast", "-v", "--json=1", "--name", "a", "b", "--name", "c", "--last",
      environment: ["BUTTONWOOD_LEASE": "5 parsecs"])
    #expect(options.integer("port", default: 80, in: 0...65535, help: "") == 80)
    _ = options.integer("rows", default: 1, in: 0...10, help: "")
    _ = options.choice("speed", default: Speed.slow, help: "")
    _ = options.flag("json", help: "")
    _ = options.text("name", "NAME", default: "", help: "")
    _ = options.optionalText("last", "X", help: "")
    _ = options.duration("lease", default: .seconds(1), in: .zero...(.seconds(60)), help: "")
    _ = options.requiredText("url", "URL", help: "")
    options.mistake("these exclude each other")
    #expect(
      mistakes(options) == [
        "--port: \"x\" is not a whole number from 0 to 65535",
        "--rows: \"11\" is not a whole number from 0 to 10",
        "--json takes no value",
        "--name is given more than once",
        "--last needs a value",
        "BUTTONWOOD_LEASE: \"5 parsecs\" is not a span of time from 0 to 1m, such as 1500ms, 1.5s, 10m or 2h",
        "--url (or BUTTONWOOD_URL) is required",
        "these exclude each other",
        "unknown option --sped; did you mean --speed?",
        "unexpected argument \"fast\"",
        "unknown option -v",
        "unexpected argument \"b\"",
      ])
  }

  @Test func missingArgumentsAreNamed() {
    var options = line()
    _ = options.argument("FILE", help: "")
    _ = options.arguments("MORE", atLeast: 1, help: "")
    #expect(mistakes(options) == ["FILE is missing", "MORE is missing"])
  }

  @Test func helpIsMadeOfTheDeclarationsAndOverridesMistakes() {
    var options = line("--nonsense", "--help")
    _ = options.integer("rows", default: 20, in: 1...100, unit: "rows", help: "How many rows are read.")
    _ = options.optionalText(
      "postgres", "URL", variable: .named("DATABASE_URL"),
      help: "Where the ledger is, in a sentence that is long enough to be wrapped to a second line.")
    _ = options.flag("json", help: "Prints JSON.")
    _ = options.argument("FILE", help: "What is read.")
    #expect(exit(of: options) == .help(expectedHelp))
  }

  @Test func valuesOfSecretsComeFromVariableOrFileAndAreNeverRepeated() throws {
    var variable = line(environment: ["BUTTONWOOD_ADMIN_TOKEN": "s3cret"])
    #expect(variable.secret("admin-token", help: "") == "s3cret")
    try variable.finish()
    var onTheLine = line("--admin-token", "s3cret")
    #expect(onTheLine.secret("admin-token", help: "") == nil)
    #expect(mistakes(onTheLine).first == "unknown option --admin-token; did you mean --admin-token-file?")
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try "f1le\nrest\n".write(toFile: path, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    var file = line("--admin-token-file", path, environment: ["BUTTONWOOD_ADMIN_TOKEN": "s3cret"])
    #expect(file.secret("admin-token", help: "") == "f1le")
  }

  @Test func addressesHoldPasswordsOnlyWhereNobodySeesThem() throws {
    /// The address, or what is wrong.
    func read(_ words: [String], _ environment: [String: String] = [:]) -> String {
      var line = CommandLineOptions("x", "", words, environment: environment)
      let given = line.address("store-url", variable: "STORE_URL", help: "") { $0.contains("pa55word") }
      return given?.text ?? mistakes(line).joined(separator: "; ")
    }
    let variable = ["STORE_URL": "s://u:pa55word@h"]
    #expect(read([], variable) == "s://u:pa55word@h")
    #expect(read(["--store-url", "s://h"], variable) == "s://h")
    let refusal = read(["--store-url=s://u:pa55word@h"], variable)
    #expect(refusal.contains("STORE_URL") && refusal.contains("--store-url-file") && !refusal.contains("pa55word"))
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try "s://u:pa55word@file\nrest\n".write(toFile: path, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(read(["--store-url-file", path], variable) == "s://u:pa55word@file")
    #expect(read([], ["BUTTONWOOD_STORE_URL_FILE": path]) == "s://u:pa55word@file")
    #expect(read(["--store-url-file", "/nonexistent/file"]).contains("cannot be read"))
  }

  @Test(arguments: [
    ("0", Duration.zero, "0"), ("250us", .microseconds(250), "250us"), ("1.5s", .milliseconds(1500), "1500ms"),
    ("10m", .seconds(600), "10m"), ("36h", .seconds(129_600), "36h"), ("0.000000001s", .nanoseconds(1), "1ns"),
  ])
  func spansAreExact(text: String, span: Duration, printed: String) {
    #expect(SpanText.parse(text) == span)
    #expect(SpanText.format(span) == printed)
  }

  @Test(arguments: ["", "1", "s", "-1s", "1.s", ".5s", "1.2.3s", "1 s", "1e3s", "0.5ns", "99999999999d", "1week"])
  func otherSpansAreRefused(text: String) { #expect(SpanText.parse(text) == nil) }

  @Test func swappedAndMissingLettersAreRecognised() {
    let known = ["replay", "verify", "bench", "venue-simulator"]
    #expect(Suggestion.nearest(to: "reply", among: known) == "replay")
    #expect(Suggestion.nearest(to: "vreify", among: known) == "verify")
    #expect(Suggestion.nearest(to: "venue-simulater", among: known) == "venue-simulator")
    #expect(Suggestion.nearest(to: "audit", among: known) == nil)
  }

  @Test func tableRunsTheNamedCommandWithTheRestOfTheLine() async {
    let inner = CommandTable("tool account", "Accounts.", [.init("create", "Makes one.") { Int32($0.count) + 10 }])
    let table = CommandTable("tool", "Tools.", [.init("account", "Accounts.", table: inner)])
    #expect(await table.run(["account", "create", "a", "b"]) == 12)
    #expect(
      exit(of: table, "acount")
        == .usage(command: "tool", mistakes: ["unknown command \"acount\"; did you mean account?"]))
    #expect(exit(of: table, nil) == .usage(command: "tool", mistakes: ["which command? There are account"]))
  }
}

private let expectedHelp = """
  Usage: tool run [OPTIONS] FILE

  Runs.

  Arguments:
    FILE                        What is read.

  Options:
    --rows N                    How many rows are read. [default 20 rows; BUTTONWOOD_ROWS]
    --postgres URL              Where the ledger is, in a sentence that is long enough to be wrapped
                                to a second line. [DATABASE_URL]
    --json                      Prints JSON.
    --help                      Shows this text.

  """
