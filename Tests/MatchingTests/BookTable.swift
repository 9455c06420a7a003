import Market
import Matching
import Testing

/// A book test as a trader would write it: a line a command, what is asked left of the arrow, what happens right of it.
///
///     place A1 sell 100 @ 10.05           → rests 100
///     place B1 buy 150 @ 10.06 ioc        → trades 100 with A1 @ 10.05; cancels 50: not immediately fillable
///     asks                                → none
///
/// Commands: `place NAME SIDE QUANTITY @ PRICE [market] [gtc|ioc|fok] [post-only] [by ACCOUNT] [newest|oldest|both]`, `cancel NAME [by ACCOUNT]`,
/// `reduce NAME QUANTITY [by ACCOUNT]`, `replace OLD with NAME SIDE …`, `bids`, `asks`.
struct BookTable {
  private var engine = MatchingEngine()
  private var reference = NaiveEngine()
  private var keys: [String: OrderKey] = [:]
  private let instrument = InstrumentID(rawValue: 1)

  /// Carries out every line on the engine and on the reference and compares with what the table says.
  static func check(_ table: String, _ location: SourceLocation = #_sourceLocation) {
    var book = BookTable()
    for line in table.split(separator: "\n") {
      let halves = line.split(separator: "→").map { $0.split(separator: " ").map(String.init) }
      guard halves.count == 2 else {
        Issue.record("a line needs an arrow: \(line)", sourceLocation: location)
        return
      }
      let happened = book.carryOut(halves[0])
      let expected = halves[1].joined(separator: " ")
      #expect(happened == expected, "\(halves[0].joined(separator: " "))", sourceLocation: location)
    }
  }

  private mutating func carryOut(_ words: [String]) -> String {
    switch words[0] {
    case "bids": return depth(.buy)
    case "asks": return depth(.sell)
    default: break
    }
    let command = command(words)
    var events: [BookEvent] = []
    engine.apply([command], into: &events)
    guard events == reference.apply([command]) else { return "not what the reference does" }
    var said = events.compactMap(describe)
    let isEntered = events.first.map { $0.kind == .accepted || $0.kind == .replaced } ?? false
    if isEntered, let order = engine.find(command.order) {
      said.append("rests \(order.leaves)")
    }
    return said.isEmpty ? "filled" : said.joined(separator: "; ")
  }

  private mutating func command(_ words: [String]) -> BookCommand {
    var command = BookCommand(kind: .place, instrument: instrument, order: key(words[1]))
    var rest = words.dropFirst(2)
    switch words[0] {
    case "cancel": command.kind = .cancel
    case "reduce":
      command.kind = .reduce
      command.quantity = Quantity(rest.removeFirst())!
    case "replace":
      command.kind = .replace
      command.target = key(words[1])
      command.order = key(words[3])
      rest = rest.dropFirst(2)
      fallthrough
    default:
      command.side = rest.removeFirst() == "buy" ? .buy : .sell
      command.quantity = Quantity(rest.removeFirst())!
      rest.removeFirst()
      command.price = Price(rest.removeFirst())!
    }
    while let word = rest.popFirst() {
      switch word {
      case "market": command.type = .market
      case "gtc": command.timeInForce = .gtc
      case "ioc": command.timeInForce = .ioc
      case "fok": command.timeInForce = .fok
      case "post-only": command.postOnly = true
      case "newest": command.selfTradePrevention = .cancelNewest
      case "oldest": command.selfTradePrevention = .cancelOldest
      case "both": command.selfTradePrevention = .cancelBoth
      case "by": command.account = AccountNumber(rawValue: Int64(rest.removeFirst().unicodeScalars.first!.value))
      default: Issue.record("no such word: \(word)")
      }
    }
    return command
  }

  private mutating func key(_ name: String) -> OrderKey {
    if let key = keys[name] { return key }
    keys[name] = OrderKey(keys.count + 1)
    return OrderKey(keys.count)
  }

  private func name(_ key: OrderKey) -> String { keys.first { $0.value == key }?.key ?? "?" }

  private func describe(_ event: BookEvent) -> String? {
    switch event.kind {
    case .accepted: nil
    case .rejected: "rejected: \(words(event.reason))"
    case .trade: "trades \(event.quantity) with \(name(event.counterpart)) @ \(event.price)"
    case .canceled: "cancels \(name(event.order)) \(event.quantity): \(words(event.reason))"
    case .reduced: "\(name(event.order)) reduced to \(event.leaves)"
    case .replaced: "replaces \(name(event.counterpart)), \(event.keepsPriority ? "keeps" : "loses") its place"
    case .cancelRejected, .replaceRejected: "refused: \(words(event.reason))"
    }
  }

  private func words(_ reason: BookEvent.Reason) -> String {
    switch reason {
    case .none: "none"
    case .requested: "requested"
    case .notImmediatelyFillable: "not immediately fillable"
    case .notWhollyFillable: "not wholly fillable"
    case .selfTrade: "self-trade"
    case .postOnlyWouldTrade: "would trade"
    case .unknownOrder: "unknown order"
    case .quantityNotAboveFilled: "not above filled"
    case .duplicateOrder: "duplicate"
    case .invalid: "invalid"
    }
  }

  private func depth(_ side: Side) -> String {
    let orders = engine.restingOrders(instrument).filter { $0.side == side }
    return orders.isEmpty
      ? "none" : orders.map { "\(name($0.order)) \($0.leaves) @ \($0.price)" }.joined(separator: ", ")
  }
}
