internal import LabKit
internal import Lifecycle

/// `bench expiry`: how long a close takes that ends very many orders, and what it means for those entered meanwhile.
enum ExpiryBench {
  struct Options {
    var url: String
    var orders: Int
    var instruments: Int
    var accounts: Int
    var load: SystemLoadOptions
    var json: Bool

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench expiry",
        """
        Opens a manual market, fills it with day orders by real acceptance, waits until they stand in the books, closes it \
        and tells how long it took until the last had expired, and how long orders waited for their settlement that were \
        entered meanwhile.

        It wants a running system of its own with --market-clock manual: it adds instruments and accounts. The orders that \
        are entered during the expiry come from the accounts of --keys, for an instrument of each shard. Their times to \
        settlement are exact where PostgreSQL runs with track_commit_timestamp; otherwise they leave out the settling \
        commit itself.
        """, arguments)
      url = line.requiredText(
        "database-url", "URL", variable: .named("DATABASE_URL"), help: "The system's database, as libpq takes it.")
      orders = line.integer(
        "orders", default: 1_000_000, in: 1_000...10_000_000, variable: .none, help: "Day orders that expire.")
      instruments = line.integer(
        "instruments", default: 1_000, in: 16...10_000, variable: .none, help: "Instruments that they are for.")
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
      let report = try await ExpiryRun(options).report()
      Console.write(options.json ? report.json.text + "\n" : report.text)
      return report.isSound ? 0 : 1
    } catch {
      Console.write("buttonwood-lab bench expiry: \(error)\n", to: .error)
      return 1
    }
  }
}

/// What ``ExpiryRun`` found.
struct ExpiryReport {
  /// Orders that expired.
  var expired: Int64
  /// Open day orders that were left.
  var left: Int64
  /// Microseconds from the wish to close to the last expiry.
  var expiryTime: Int64
  /// Microseconds from the wish to close until all instruments were cleared.
  var clearingTime: Int64
  /// The load's requests that were settled meanwhile.
  var meanwhile: Settlements

  /// Whether all expired and nobody was sent away.
  var isSound: Bool { left == 0 && meanwhile.isSound }

  private var perSecond: Int64 { expired * 1_000_000 / max(1, expiryTime) }

  /// The report as JSON.
  var json: JSONText {
    .object(
      [
        ("bench", .string("expiry")), ("expired", .integer(expired)), ("left", .integer(left)),
        ("close_to_last_expired_ms", .integer(expiryTime / 1_000)),
        ("close_to_cleared_ms", .integer(clearingTime / 1_000)), ("expired_per_second", .integer(perSecond)),
      ] + meanwhile.json("settled_meanwhile"))
  }

  /// The report as tables.
  var text: String {
    var table = TextTable([.left("expiry"), .right("")])
    table.add(["orders expired", "\(expired)"])
    table.add(["orders left", "\(left)"])
    table.add(["close to the last one expired", SpanLabel.text(expiryTime * 1_000)])
    table.add(["close to all instruments cleared", SpanLabel.text(clearingTime * 1_000)])
    table.add(["orders/s", "\(perSecond)"])
    table.add(["requests settled meanwhile", "\(meanwhile.count)"])
    meanwhile.add(to: &table)
    return table.text + "\n" + meanwhile.load.text
  }
}
