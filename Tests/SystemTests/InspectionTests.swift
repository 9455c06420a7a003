import Glibc
import Lifecycle
import Postgres
import TestKit
import Testing

/// What an operator sees of a running fleet, asked from outside.
@Suite(.serialized) struct InspectionTests {
  /// The commands that the operations document shows, each with a word that its answer must contain.
  private static let expectations = [
    "HGETALL 'bw:{s0}:lease'": "epoch", "PTTL 'bw:{s0}:lease'": "", "ZREVRANGE bw:workers 0 -1 WITHSCORES": "-",
    "ZREVRANGE bw:workers 0 0)": "orders_per_second", "HGETALL bw:leader": "term",
    "HGETALL bw:assignment": "generation",
    "XINFO GROUPS 'bw:{s0}:orders'": "matchers", "XRANGE 'bw:{s0}:orders'": "", "XREVRANGE bw:history": "claimed",
    "CLIENT LIST": ":member",
  ]

  @Test func everyCommandOfTheDocumentAnswers() async throws {
    let trial = try await FaultTrial()
    try await trial.run("nothing") {
      let commands = try Self.documented()
      #expect(commands.count == Self.expectations.count)
      for (number, command) in commands.enumerated() {
        let expected = try #require(Self.expectations.first { command.contains($0.key) }, "\(command)").value
        let script = command.replacing("redis-cli", with: "redis-cli -s \(trial.stack.redis.socketPath)")
        var (status, text) = (Int32(0), "")
        // A new leader makes its first targets when all have had time to say what they own.
        for round in 0..<100 where round == 0 || !expected.isEmpty && !text.contains(expected) {
          if round > 0 { try await Task.sleep(for: .milliseconds(100)) }
          (status, text) = try await ChildProcess.run(
            ["/bin/sh", "-c", script], log: "\(trial.stack.postgres.directory)/command-\(number)-\(round).log")
        }
        #expect(status == 0, "\(command): \(text)")
        #expect(expected.isEmpty || text.contains(expected), "\(command): \(text)")
        #expect(!text.contains("ERR"), "\(command): \(text)")
      }
    }
  }

  @Test func metricsPassTheCheckOfPrometheus() async throws {
    let trial = try await FaultTrial()
    try await trial.run("nothing") {
      for admin in trial.stack.admins {
        let page = try #require(HTTPCaller(port: admin, key: "", secret: "").call("GET", "/metrics"))
        #expect(page.status == 200)
        let path = "\(trial.stack.postgres.directory)/metrics-\(admin).txt"
        try write(page.body, to: path)
        let (status, text) = try await ChildProcess.run(
          ["/bin/sh", "-c", "promtool check metrics < \(path)"], log: "\(path).checked")
        #expect(status == 0 && text.isEmpty, "\(text)")
      }
    }
  }

  @Test func aDrainedWorkerGivesAllAwayAndTakesThemAgain() async throws {
    let trial = try await FaultTrial()
    try await trial.run("worker drained and resumed", after: .seconds(1)) {
      let names = try await Self.workers(trial)
      #expect(names.count == 2)
      let unknown = try await trial.stack.run(["worker", "drain", "nobody"])
      #expect(unknown.status == 1 && unknown.text.contains("no worker nobody; there are \(names[0])"))
      let drained = try await trial.stack.run(["worker", "drain", names[0]])
      #expect(drained.status == 0, "\(drained.text)")
      let status = try await trial.stack.run(["status"])
      #expect(status.text.contains("drained") && status.text.contains("wanted"), "\(status.text)")
      let owners = try await Self.owners(trial)
      #expect(owners == [names[1]])
      let resumed = try await trial.stack.run(["worker", "resume", names[0]])
      #expect(resumed.status == 0, "\(resumed.text)")
      for _ in 0..<600 where try await Self.owners(trial).count < 2 { try await Task.sleep(for: .milliseconds(50)) }
      #expect(try await Self.owners(trial).count == 2)
    }
  }

  @Test func aDeposedLeaderWritesNothingIntoTheLedger() async throws {
    let trial = try await FaultTrial()
    var connection = try trial.stack.postgres.connect()
    for _ in 0..<200 {
      if try connection.query(PostgresCall(.init("t", "SELECT term FROM leadership"))).int8(0, 0) > 0 { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    let rows = try connection.query(PostgresCall(.init("terms", "SELECT term, nonce FROM leadership")))
    #expect(rows.int8(0, 0) > 0)
    let (term, nonce) = (rows.int8(0, 0), rows.int8(0, 1))
    for (term, nonce) in [(term - 1, nonce), (term, nonce &+ 1), (term + 1, nonce)] {
      do throws(PostgresError) {
        try connection.execute("SELECT hold_term(\(term), \(nonce))")
        Issue.record("a term that does not stand was let through")
      } catch {
        #expect(error.state == "BW002")
      }
    }
    try connection.execute("SELECT hold_term(\(term), \(nonce))")
  }

  private static func documented() throws -> [String] {
    let here = #filePath
    let root = here.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    let text = try read("\(root)/Sources/buttonwood/Buttonwood.docc/Operations.md")
    return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("redis-cli ") }
  }

  private static func workers(_ trial: FaultTrial) async throws -> [String] {
    let text = try await trial.stack.run(["status", "--json"]).text
    return text.matches(of: /"id":"([^"]+)"/).map { String($0.1) }
  }

  private static func owners(_ trial: FaultTrial) async throws -> Set<String> {
    let text = try await trial.stack.run(["status", "--json"]).text
    return Set(text.matches(of: /"owner":"([^"]+)"/).map { String($0.1) })
  }

  private static func read(_ path: String) throws -> String {
    let file = try #require(fopen(path, "r"), "\(path)")
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  private func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "w"), "\(path)")
    defer { fclose(file) }
    fwrite(text, 1, text.utf8.count, file)
  }
}
