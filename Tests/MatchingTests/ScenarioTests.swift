import Foundation
import Market
import Matching
import Testing

/// Scenarios of other engines' public test suites, as facts, where they lie beside the repository.
///
/// Documented differences: Liquibook lets an order that is made smaller lose its place, here it keeps it; a reduction by all
/// or more cancels the order, which Liquibook does by a replacement.
@Suite struct ScenarioTests {
  static let instrument = InstrumentID(rawValue: 1)

  struct LiquibookStep: Decodable {
    var test: String
    var op: String
    var id: Int
    var side: String?
    var price: Int?
    var qty: Int?
    var stop: Int?
    var ioc: Bool?
    var aon: Bool?
    var qty_delta: Int?
    var new_price: Int?
    var events: [[Int?]]
    var bids: [[Int]]
    var asks: [[Int]]

    enum CodingKeys: CodingKey {
      case test, op, id, side, price, qty, stop, ioc, aon, qty_delta, new_price, events, bids, asks
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      test = try values.decode(String.self, forKey: .test)
      op = try values.decode(String.self, forKey: .op)
      id = try values.decode(Int.self, forKey: .id)
      side = try values.decodeIfPresent(String.self, forKey: .side)
      price = try values.decodeIfPresent(Int.self, forKey: .price)
      qty = try values.decodeIfPresent(Int.self, forKey: .qty)
      stop = try values.decodeIfPresent(Int.self, forKey: .stop)
      ioc = try values.decodeIfPresent(Bool.self, forKey: .ioc)
      aon = try values.decodeIfPresent(Bool.self, forKey: .aon)
      qty_delta = try values.decodeIfPresent(Int.self, forKey: .qty_delta)
      new_price = try values.decodeIfPresent(Int.self, forKey: .new_price)
      bids = try values.decode([[Int]].self, forKey: .bids)
      asks = try values.decode([[Int]].self, forKey: .asks)
      // Only the fills of the events are kept: taker, maker, price, quantity.
      var list = try values.nestedUnkeyedContainer(forKey: .events)
      events = []
      while !list.isAtEnd {
        var event = try list.nestedUnkeyedContainer()
        guard try event.decode(String.self) == "fill" else { continue }
        var numbers: [Int] = []
        while !event.isAtEnd { numbers.append(try event.decode(Int.self)) }
        events.append(numbers)
      }
    }

    /// Whether our engine has this kind of order: limit, immediate or fill-or-kill.
    var isPlain: Bool {
      guard op == "add" else { return true }
      return stop == 0 && price != 0 && (aon == false || ioc == true)
    }
  }

  @Test func liquibooksLimitOrdersTradeAlike() throws {
    let steps = try Shared.lines("data/scenarios/liquibook_facts.jsonl").map {
      try JSONDecoder().decode(LiquibookStep.self, from: Data($0.utf8))
    }
    var tests = 0
    for (name, steps) in Dictionary(grouping: steps, by: \.test) where steps.allSatisfy(\.isPlain) {
      tests += 1
      var player = LiquibookPlayer()
      for step in steps {
        let fills = player.play(step)
        #expect(fills == step.events.map { $0.compactMap(\.self) }, "\(name), order \(step.id)")
        #expect(player.depth(.buy) == step.bids, "\(name), order \(step.id)")
        #expect(player.depth(.sell) == step.asks, "\(name), order \(step.id)")
      }
    }
    #expect(steps.isEmpty || tests >= 20)
  }

  struct LiquibookPlayer {
    var engine = MatchingEngine()
    /// The key that each of the scenario's orders has now: a replacement brings a new one.
    var keys: [Int: OrderKey] = [:]
    var last: OrderKey = 0

    mutating func play(_ step: LiquibookStep) -> [[Int]] {
      var events: [BookEvent] = []
      if let command = command(step) { engine.apply([command], into: &events) }
      let ids = Dictionary(uniqueKeysWithValues: keys.map { ($0.value, $0.key) })
      return events.filter { $0.kind == .trade }.map {
        [ids[$0.order]!, ids[$0.counterpart]!, Int($0.price.rawValue), Int($0.quantity.rawValue)]
      }
    }

    private mutating func command(_ step: LiquibookStep) -> BookCommand? {
      switch step.op {
      case "add":
        last += 1
        keys[step.id] = last
        return .place(
          last, step.side == "B" ? .buy : .sell, Quantity(rawValue: Int64(step.qty!)),
          at: Price(rawValue: Int64(step.price!)), in: instrument,
          timeInForce: step.aon == true ? .fok : step.ioc == true ? .ioc : .day)
      case "cancel": return .cancel(keys[step.id] ?? 1 << 40, in: instrument)
      default: return replacement(step)
      }
    }

    private mutating func replacement(_ step: LiquibookStep) -> BookCommand? {
      let key = keys[step.id]!
      guard let order = engine.find(key) else { return .cancel(key, in: instrument) }
      let delta = Int64(step.qty_delta!)
      if delta < 0, step.new_price == 0 || Int64(step.new_price!) == order.price.rawValue {
        return .reduce(key, by: Quantity(rawValue: -delta), in: instrument)
      }
      last += 1
      keys[step.id] = last
      let price = step.new_price == 0 ? order.price : Price(rawValue: Int64(step.new_price!))
      let whole = Quantity(rawValue: order.leaves.rawValue + order.filled.rawValue + delta)
      return .replace(key, by: last, order.side, whole, at: price, in: instrument)
    }

    func depth(_ side: Side) -> [[Int]] {
      let orders = engine.restingOrders(instrument)
      return engine.depth(instrument, side, levels: 5).map { level in
        [
          Int(level.price.rawValue), Int(level.quantity.rawValue),
          orders.count { $0.side == side && $0.price == level.price },
        ]
      }
    }
  }

  @Test func exchangeCoresBookTradesAlike() throws {
    var scenarios = 0
    for line in Shared.lines("data/scenarios/exchange_core_facts.jsonl") {
      scenarios += 1
      let facts = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let name = facts["name"] as? String ?? "?"
      var engine = MatchingEngine()
      var events: [BookEvent] = []
      for order in facts["base"] as? [[Any]] ?? [] { engine.apply([place(order)], into: &events) }
      events.removeAll()
      for operation in facts["ops"] as? [[Any]] ?? [] {
        engine.apply([command(operation, engine)], into: &events)
      }
      let fills = events.filter { $0.kind == .trade }.map {
        [Int($0.counterpart), Int($0.price.rawValue), Int($0.quantity.rawValue)]
      }
      #expect(fills.map { [$0[0] & 0xFFFF] + $0.dropFirst() } == facts["fills"] as? [[Int]], "\(name)")
      #expect(depth(engine, .sell) == facts["asks"] as? [[Int]], "\(name)")
      #expect(depth(engine, .buy) == facts["bids"] as? [[Int]], "\(name)")
      #expect(facts["error"] is NSNull == events.allSatisfy { $0.kind != .cancelRejected }, "\(name)")
      if let left = facts["leftover"] as? Int {
        #expect(events.last?.kind == .canceled && events.last?.quantity.rawValue == Int64(left), "\(name)")
      }
    }
    #expect(scenarios == 0 || scenarios == 23)
  }

  private func place(_ order: [Any], _ timeInForce: TimeInForce = .gtc) -> BookCommand {
    .place(
      OrderKey(order[0] as! Int), order[1] as? String == "B" ? .buy : .sell,
      Quantity(rawValue: Int64(order[3] as! Int)), at: Price(rawValue: Int64(order[2] as! Int)),
      in: ScenarioTests.instrument, timeInForce: timeInForce)
  }

  private func command(_ operation: [Any], _ engine: MatchingEngine) -> BookCommand {
    let key = OrderKey(operation[1] as! Int)
    switch operation[0] as? String {
    case "limit": return place(Array(operation.dropFirst()))
    case "ioc": return place(Array(operation.dropFirst()), .ioc)
    case "reduce":
      return .reduce(key, by: Quantity(rawValue: Int64(operation[2] as! Int)), in: ScenarioTests.instrument)
    case "move":
      let order = engine.find(key)!
      return .replace(
        key, by: key | 1 << 16, order.side, order.leaves + order.filled,
        at: Price(rawValue: Int64(operation[2] as! Int)), in: ScenarioTests.instrument)
    default: return .cancel(key, in: ScenarioTests.instrument)
    }
  }

  private func depth(_ engine: MatchingEngine, _ side: Side) -> [[Int]] {
    engine.depth(ScenarioTests.instrument, side, levels: .max).map {
      [Int($0.price.rawValue), Int($0.quantity.rawValue)]
    }
  }
}
