import EngineLab
import Glibc

/// `verify`: recorded streams against the product's own engine.
enum Verify {
  static let help = """
    buttonwood-lab verify FILE…
    buttonwood-lab verify --auction ORDERS --trades TRADES

    Feeds streams of a venue's messages to the matching engine and compares every fill, every remainder and the best
    prices with their sizes, row by row. FILE is CSV, plain or gzip:

      seq,ts_ns,cmd,order_id,side,price,qty,origin,row,fills,rest,bid,bid_qty,ask,ask_qty,truth

    cmd is NEW, IOC, REDUCE or CANCEL; prices are whole numbers of any unit; fills are maker:price:quantity joined by |.
    Where NAME.depth.csv(.gz) lies beside NAME.commands.csv(.gz), its snapshots of ten levels are compared as well.

    With --auction, the orders of a call auction (CSV: seq,ts_ns,cmd,order_id,side,price,qty,origin,row; cmd is NEW or CANCEL, order
    numbers grow with time) cross once, and the trades are compared with the venue's (n,buy_id,sell_id,price,qty), in order.

    Prints for each file
      FILE: commands N, fills expected N equal N, books expected N equal N
    and the first differences. Exit status: 0 all equal, 1 differences, 2 usage or a file that cannot be read.

    """

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") {
      print(help, terminator: "")
      return 0
    }
    if arguments.contains("--auction") || arguments.contains("--trades") { return auction(arguments) }
    if let option = arguments.first(where: { $0.hasPrefix("-") }) { return usage("there is no option \(option)") }
    guard !arguments.isEmpty else { return usage("which files? See buttonwood-lab verify --help") }
    var status: Int32 = 0
    for path in arguments {
      do {
        var check = StreamCheck()
        try check.run(path, depth: depthFile(of: path))
        report(path, check)
        if check.tally.differences > 0 { status = max(status, 1) }
      } catch {
        complain("verify: \(error)")
        status = 2
      }
    }
    return status
  }

  private static func auction(_ arguments: [String]) -> Int32 {
    guard arguments.count == 4, let orders = value(of: "--auction", arguments),
      let trades = value(of: "--trades", arguments)
    else { return usage("an auction takes --auction ORDERS --trades TRADES and nothing else") }
    do {
      let check = try AuctionCheck(orders: orders, trades: trades)
      print(
        "\(orders): commands \(check.commands), trades expected \(check.tradesExpected) equal \(check.tradesEqual),"
          + " \(check.result)")
      for difference in check.firstDifferences { print("  \(difference)") }
      return check.differences == 0 ? 0 : 1
    } catch {
      return usage("\(error)")
    }
  }

  private static func value(of option: String, _ arguments: [String]) -> String? {
    guard let place = arguments.firstIndex(of: option), place + 1 < arguments.count else { return nil }
    return arguments[place + 1].hasPrefix("--") ? nil : arguments[place + 1]
  }

  private static func report(_ path: String, _ check: StreamCheck) {
    let tally = check.tally
    print(
      "\(path): commands \(tally.commands), fills expected \(tally.fillsExpected) equal \(tally.fillsEqual),"
        + " books expected \(tally.booksExpected) equal \(tally.booksEqual)")
    if tally.depthsExpected > 0 {
      print("\(path): depth snapshots expected \(tally.depthsExpected) equal \(tally.depthsEqual)")
    }
    for difference in check.differences { print("  \(difference)") }
    let more = tally.differences - check.differences.count
    if more > 0 { print("  and \(more) more differences") }
  }

  /// The snapshots beside a stream, if they are there.
  private static func depthFile(of path: String) -> String? {
    for ending in [".commands.csv.gz", ".commands.csv"] where path.hasSuffix(ending) {
      let stem = path.dropLast(ending.utf8.count)
      return ["\(stem).depth.csv.gz", "\(stem).depth.csv"].first { access($0, R_OK) == 0 }
    }
    return nil
  }

  private static func usage(_ message: String) -> Int32 {
    complain("verify: \(message)")
    return 2
  }

  private static func complain(_ message: String) {
    let line = "buttonwood-lab \(message)\n"
    _ = line.utf8CString.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, line.utf8.count) }
  }
}
