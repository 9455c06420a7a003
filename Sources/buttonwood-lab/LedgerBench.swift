internal import Accounting
internal import Glibc
internal import LabKit
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore
internal import Services
internal import Sharding

/// `bench accept` and `bench settle`: the ledger alone, against the cheapest way PostgreSQL has to take the same rows, both
/// in turn in one run.
///
/// What counts is the CPU time of the server process behind each connection, and the ratio of the two.
enum LedgerBench {
  enum Part: String {
    case accept
    case settle
  }

  struct Options {
    var url: String
    var batches: [Int]
    var rounds: Int
    var accounts: Int
    var json: Bool

    /// What a floor beside another bench takes.
    init(url: String) {
      self.url = url
      batches = [256]
      rounds = 10_000
      accounts = 1_000
      json = false
    }

    init(_ part: Part, _ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench \(part.rawValue)",
        """
        Measures PostgreSQL's CPU time per order of \(part == .accept ? "accepting" : "settling") batches, and of the floor: \
        COPY of the same rows into tables \(part == .accept ? "with the same unique keys" : "without indexes"), one \
        transaction a batch.

        It wants a migrated database of its own on this machine: it fills it with accounts and orders.
        """, arguments)
      url = line.requiredText(
        "database-url", "URL", variable: .named("DATABASE_URL"), help: "A scratch database as libpq takes it.")
      let batch = line.optionalInteger(
        "batch", in: 1...4096, variable: .none, help: "Orders a batch; otherwise 8, 64, 256.")
      batches = batch.map { [$0] } ?? [8, 64, 256]
      rounds = line.integer(
        "orders", default: 20_000, in: 100...10_000_000, variable: .none, help: "Orders a batch size.")
      accounts = line.integer(
        "accounts", default: 10_000, in: 10...10_000_000, variable: .none, help: "Accounts that trade.")
      json = line.flag("json", help: "Prints JSON.")
      try line.finish()
    }
  }

  /// The floor of an order's whole way, accepting and settling, in CPU microseconds of the server: batches of 256.
  static func floor(url: String) async throws -> Double {
    let bench = LedgerBenchRun(Options(url: url))
    try await bench.prepare()
    let accept = try await bench.measure(.accept, batch: 256)
    let settle = try await bench.measure(.settle, batch: 256)
    return accept.floor + settle.floor
  }

  /// What one batch size gave.
  struct Row {
    var batch: Int
    var orders: Int
    var product: Double
    var floor: Double
    var wall: Double
    var ratio: Double { product / max(0.001, floor) }
  }

  static func run(_ part: Part, _ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(part, arguments) } catch { return error.report() }
    do {
      let bench = LedgerBenchRun(options)
      try await bench.prepare()
      var rows: [Row] = []
      for batch in options.batches { rows.append(try await bench.measure(part, batch: batch)) }
      print(part, rows, json: options.json)
      return 0
    } catch {
      Console.write("buttonwood-lab bench \(part.rawValue): \(error)\n", to: .error)
      return 1
    }
  }

  private static func print(_ part: Part, _ rows: [Row], json: Bool) {
    if json {
      let items = rows.map { row in
        """
        {"batch":\(row.batch),"orders":\(row.orders),"server_cpu_us_per_order":\(tenths(row.product)),\
        "floor_cpu_us_per_order":\(tenths(row.floor)),"ratio":\(tenths(row.ratio)),\
        "orders_per_second":\(Int(row.wall))}
        """
      }
      Console.write("{\"bench\":\"\(part.rawValue)\",\"results\":[\(items.joined(separator: ","))]}\n")
      return
    }
    var table = TextTable([
      .right("batch"), .right("orders"), .right("server µs/order"), .right("floor µs/order"), .right("ratio"),
      .right("orders/s, one connection"),
    ])
    for row in rows {
      table.add([
        "\(row.batch)", "\(row.orders)", tenths(row.product), tenths(row.floor), tenths(row.ratio), "\(Int(row.wall))",
      ])
    }
    Console.write("\(part.rawValue): CPU time of the PostgreSQL process per order\n" + table.text)
  }

  /// `part / whole` with two decimals.
  static func hundredths(_ part: Int, of whole: Int) -> String {
    let hundredths = part * 100 / whole
    return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)"
  }

  static func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
