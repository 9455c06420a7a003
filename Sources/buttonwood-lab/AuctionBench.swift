internal import LabKit
internal import Lifecycle

/// `bench auction`: how long an opening takes at which very many orders of one instrument cross, and what it means for
/// orders in other shards.
enum AuctionBench {
  struct Options {
    var url: String
    var orders: Int
    var accounts: Int
    var load: SystemLoadOptions
    var json: Bool

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench auction",
        """
        Fills one instrument of a manual market with orders that all cross, by real acceptance and before the opening, waits \
        until they stand in the book, opens the market and tells how long it took until the last had traded, and how long \
        orders in other shards waited for their settlement meanwhile.

        It wants a running system of its own with --market-clock manual: it adds instruments and accounts. Half of the orders \
        buy and half sell, 100 shares each, at limits that all reach each other. The orders that are entered meanwhile come from \
        the accounts of --keys, for an instrument of each other shard. Their times to settlement are exact where PostgreSQL \
        runs with track_commit_timestamp; otherwise they leave out the settling commit itself.
        """, arguments)
      url = line.requiredText(
        "database-url", "URL", variable: .named("DATABASE_URL"), help: "The system's database, as libpq takes it.")
      orders = line.integer(
        "orders", default: 1_000_000, in: 1_000...10_000_000, variable: .none, help: "Orders that cross.")
      accounts = line.integer(
        "accounts", default: 2_000, in: 16...100_000, variable: .none, help: "Accounts whose orders they are.")
      load = SystemLoadOptions(&line, standardRate: 50)
      json = line.flag("json", help: "Prints JSON.")
      try line.finish()
    }
  }

  static func run(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    do {
      let report = try await AuctionRun(options).report()
      Console.write(options.json ? report.json.text + "\n" : report.text)
      return report.isSound ? 0 : 1
    } catch {
      Console.write("buttonwood-lab bench auction: \(error)\n", to: .error)
      return 1
    }
  }
}

/// What ``AuctionRun`` found.
struct AuctionReport {
  /// Orders that crossed.
  var orders: Int
  /// Trades of the auction, at how many prices, and the log rows that made them.
  var trades: Int64
  var prices: Int64
  var parts: Int64
  /// Orders of the auction that are still open.
  var left: Int64
  /// Microseconds from the wish to open until the last trade was settled, and until the auction was over.
  var tradingTime: Int64
  var wholeTime: Int64
  /// The load's requests that were settled in other shards meanwhile.
  var meanwhile: Settlements

  /// Whether all traded at one price and nobody was sent away.
  var isSound: Bool { left == 0 && prices == 1 && meanwhile.isSound }

  private var perSecond: Int64 { trades * 1_000_000 / max(1, tradingTime) }

  /// The report as JSON.
  var json: JSONText {
    .object(
      [
        ("bench", .string("auction")), ("orders", .integer(Int64(orders))), ("trades", .integer(trades)),
        ("prices", .integer(prices)), ("parts", .integer(parts)), ("left", .integer(left)),
        ("open_to_last_trade_ms", .integer(tradingTime / 1_000)), ("open_to_over_ms", .integer(wholeTime / 1_000)),
        ("trades_per_second", .integer(perSecond)),
      ] + meanwhile.json("settled_elsewhere_meanwhile"))
  }

  /// The report as tables.
  var text: String {
    var table = TextTable([.left("auction"), .right("")])
    table.add(["orders that cross", "\(orders)"])
    table.add(["trades", "\(trades)"])
    table.add(["prices", "\(prices)"])
    table.add(["parts", "\(parts)"])
    table.add(["orders left", "\(left)"])
    table.add(["opening to the last trade", SpanLabel.text(tradingTime * 1_000)])
    table.add(["opening to the auction's end", SpanLabel.text(wholeTime * 1_000)])
    table.add(["trades/s", "\(perSecond)"])
    table.add(["requests settled in other shards meanwhile", "\(meanwhile.count)"])
    meanwhile.add(to: &table)
    return table.text + "\n" + meanwhile.load.text
  }
}
