package import Market
internal import Ports

/// What an account was worth at some ascending moments: what it has now, less what has moved since.
package struct EquityHistory: Sendable {
  /// Worth at each moment, in 1/10000 dollar.
  package private(set) var equity: [Int64] = []
  /// What came from outside before each moment and after the one before it; 0 for the first.
  package private(set) var inflow: [Int64] = []
  private let movements: [AccountMovement]

  /// What prices an account's history needs.
  /// - Returns: For each moment the instruments with shares, or with shares from outside just before.
  static func questions(
    moments: [Timestamp], shares: [InstrumentID: Int64], _ movements: [AccountMovement], limit: Int
  ) -> [PriceQuestion]? {
    var questions: [PriceQuestion] = []
    walk(moments, cash: 0, shares, movements) { index, _, held, external in
      guard questions.count <= limit else { return }
      let named = Set(held.filter { $0.value != 0 }.keys).union(external.keys)
      for instrument in named.sorted() { questions.append(PriceQuestion(instrument, before: moments[index])) }
    }
    return questions.count <= limit ? questions : nil
  }

  /// Values an account.
  /// - Parameters:
  ///   - moments: Ascending.
  ///   - cash: What it has now.
  ///   - shares: What it has now.
  ///   - movements: What has moved since the first moment, by span.
  ///   - price: The price of an instrument at a moment, of those that ``questions(moments:shares:_:limit:)`` asks.
  init(
    moments: [Timestamp], cash: Int64, shares: [InstrumentID: Int64], movements: [AccountMovement],
    price: (PriceQuestion) -> Price?
  ) {
    self.movements = movements
    equity = Array(repeating: 0, count: moments.count)
    inflow = equity
    var worth = equity
    var flows = equity
    Self.walk(moments, cash: cash, shares, movements) { index, cash, held, external in
      func value(_ instrument: InstrumentID, _ shares: Int64) -> Int64 {
        (price(PriceQuestion(instrument, before: moments[index]))?.rawValue ?? 0).saturatingProduct(shares)
      }
      worth[index] = held.reduce(cash) { $1.value == 0 ? $0 : $0.saturatingSum(value($1.key, $1.value)) }
      flows[index] = external.reduce(Self.cash(movements, span: index - 1)) {
        $0.saturatingSum(value($1.key, $1.value))
      }
    }
    equity = worth
    inflow = flows
  }

  /// What cash has come from outside, or gone there, by the end of each window since the first began.
  /// - Parameter type: Which flows: deposits, withdrawals or both; there are no others.
  package func cashflows(_ type: String) -> [Int64] {
    var flows = [Int64](repeating: 0, count: equity.count - 1)
    for movement in movements where movement.isExternal && movement.instrument == nil {
      let isWanted =
        switch type {
        case "CSD": movement.amount > 0
        case "CSW": movement.amount < 0
        case "TRANS": true
        default: false
        }
      // What moved behind the last moment is in no window.
      guard isWanted, flows.indices.contains(movement.span) else { continue }
      flows[movement.span] = flows[movement.span].saturatingSum(movement.amount)
    }
    var total: Int64 = 0
    return flows.map { flow in
      total = total.saturatingSum(flow)
      return total
    }
  }

  /// What was gained by the end of each window, and what the part of that is counted of.
  package struct Gain: Hashable, Sendable {
    /// In 1/10000 dollar.
    package var amount: Int64
    /// What the account was worth when the counting began.
    package var base: Int64
  }

  /// What was gained by the end of each window, without what came from outside.
  /// - Parameters:
  ///   - days: The windows' days.
  ///   - resetsDaily: Whether counting begins anew each day.
  package func gains(days: [Day], resetsDaily: Bool) -> [Gain] {
    var (base, flows) = (equity[0], Int64(0))
    return days.indices.map { index in
      if resetsDaily, index > 0, days[index] != days[index - 1] { (base, flows) = (equity[index], 0) }
      flows = flows.saturatingSum(inflow[index + 1])
      return Gain(amount: equity[index + 1].saturatingSum(-base).saturatingSum(-flows), base: base)
    }
  }

  private static func cash(_ movements: [AccountMovement], span: Int) -> Int64 {
    movements.reduce(0) {
      $1.span == span && $1.isExternal && $1.instrument == nil ? $0.saturatingSum($1.amount) : $0
    }
  }

  /// Goes back through the moments, the last first.
  private static func walk(
    _ moments: [Timestamp], cash: Int64, _ shares: [InstrumentID: Int64], _ movements: [AccountMovement],
    _ visit: (_ index: Int, _ cash: Int64, _ held: [InstrumentID: Int64], _ external: [InstrumentID: Int64]) -> Void
  ) {
    let bySpan = Dictionary(grouping: movements, by: \.span)
    var (cash, held) = (cash, shares)
    for index in moments.indices.reversed() {
      for movement in bySpan[index] ?? [] {
        if let instrument = movement.instrument {
          held[instrument, default: 0] = (held[instrument] ?? 0).saturatingSum(-movement.amount)
        } else {
          cash = cash.saturatingSum(-movement.amount)
        }
      }
      var external: [InstrumentID: Int64] = [:]
      for movement in bySpan[index - 1] ?? [] where movement.isExternal {
        if let instrument = movement.instrument { external[instrument, default: 0] += movement.amount }
      }
      visit(index, cash, held, external)
    }
  }
}
