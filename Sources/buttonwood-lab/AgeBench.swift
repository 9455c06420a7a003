internal import LabKit
internal import Lifecycle

/// `bench age`: what the age of an exchange costs: the same requests beside the tables of a few days and of very many.
enum AgeBench {
  struct Options {
    var url: String
    var few: Int
    var many: Int
    var rounds: Int
    var json: Bool

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench age",
        """
        Makes two databases with the same accounts and orders, one with the tables of a few days, one with those of very \
        many, and sends both the same requests in turn. Tells what each costs PostgreSQL's process in CPU time, the ratios, \
        and the most relations that one transaction locked.

        It wants a server of its own on this machine: it makes and drops the databases age_few and age_many.
        """, arguments)
      url = line.requiredText(
        "database-url", "URL", variable: .named("DATABASE_URL"),
        help: "A database of the server, in whose place others are made.")
      few = line.integer(
        "few", default: 4, in: 3...400, unit: "days", variable: .none, help: "The young database's days.")
      many = line.integer(
        "many", default: 400, in: 3...4_000, unit: "days", variable: .none, help: "The old one's days.")
      rounds = line.integer(
        "rounds", default: 20, in: 1...10_000, variable: .none, help: "Rounds; in each, every request is sent 20 times."
      )
      json = line.flag("json", help: "Prints JSON.")
      try line.finish()
    }
  }

  static func run(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    do {
      let report = try await AgeRun(options).run()
      Console.write(options.json ? report.json.text + "\n" : report.text)
      return 0
    } catch {
      Console.write("buttonwood-lab bench age: \(error)\n", to: .error)
      return 1
    }
  }
}

/// What ``AgeRun`` found.
struct AgeReport {
  /// One kind of request.
  struct Row {
    var name: String
    /// Nanoseconds of the server's processes for one request beside few days, and beside many.
    var few: Int64
    var many: Int64
    /// Nanoseconds on the clock, likewise.
    var fewWall: Int64
    var manyWall: Int64
  }

  var few: Int
  var many: Int
  var rows: [Row]

  var text: String {
    var table = TextTable([
      .left("request"), .right("CPU µs, \(few) days"), .right("CPU µs, \(many) days"), .right("ratio"),
      .right("µs, \(few) days"), .right("µs, \(many) days"), .right("ratio"),
    ])
    for row in rows {
      table.add([
        row.name, LedgerBench.tenths(Double(row.few) / 1_000), LedgerBench.tenths(Double(row.many) / 1_000),
        LedgerBench.hundredths(Int(row.many), of: Int(max(1, row.few))),
        LedgerBench.tenths(Double(row.fewWall) / 1_000), LedgerBench.tenths(Double(row.manyWall) / 1_000),
        LedgerBench.hundredths(Int(row.manyWall), of: Int(max(1, row.fewWall))),
      ])
    }
    return table.text
  }

  var json: JSONText {
    .object([
      ("bench", .string("age")), ("few_days", .integer(Int64(few))), ("many_days", .integer(Int64(many))),
      (
        "requests",
        .object(
          rows.map { row in
            (
              row.name,
              .object([
                ("cpu_ns_few", .integer(row.few)), ("cpu_ns_many", .integer(row.many)),
                ("cpu_ratio_x100", .integer(row.many * 100 / max(1, row.few))),
                ("wall_ns_few", .integer(row.fewWall)), ("wall_ns_many", .integer(row.manyWall)),
                ("wall_ratio_x100", .integer(row.manyWall * 100 / max(1, row.fewWall))),
              ])
            )
          })
      ),
    ])
  }
}
