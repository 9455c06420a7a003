import Accounting
import Market
import Postgres
import Testing

@testable import PostgresStore

/// Numbers of enumerations as rows hold them and as texts of statements name them.
@Suite struct StoredConstantTests {
  /// What databases hold already: a number never changes its meaning.
  @Test func everyNumberMeansWhatItAlwaysMeant() {
    #expect(numbers(AccountStatus.self) == ["active": 0, "blocked": 1, "suspended": 2])
    #expect(numbers(AuctionExecution.Stage.self) == ["pricing": 0, "crossing": 1, "clearing": 2])
    #expect(numbers(BandTier.self) == ["tier1": 1, "tier2": 2])
    #expect(numbers(OrderClass.self) == ["simple": 0, "bracket": 1, "oco": 2, "oto": 3])
    #expect(
      numbers(OrderEvent.Kind.self) == [
        "new": 0, "partialFill": 1, "fill": 2, "canceled": 3, "replaced": 4, "rejected": 5, "expired": 6,
        "cancelRejected": 7, "replaceRejected": 8, "triggered": 9, "held": 10, "reduced": 11,
      ])
    #expect(numbers(OrderPhase.self) == ["working": 0, "waiting": 1, "held": 2])
    #expect(numbers(OrderRole.self) == ["main": 0, "takeProfit": 1, "stopLoss": 2])
    #expect(
      numbers(OrderStatus.self) == [
        "accepted": 0, "partiallyFilled": 1, "filled": 2, "canceled": 3, "expired": 4, "replaced": 5, "rejected": 6,
      ])
    #expect(numbers(OrderType.self) == ["limit": 0, "market": 1])
    #expect(numbers(PendingChange.self) == ["none": 0, "cancel": 1, "replace": 2])
    #expect(numbers(SelfTradePrevention.self) == ["cancelNewest": 0, "cancelOldest": 1, "cancelBoth": 2])
    #expect(numbers(SessionStage.self) == ["preOpen": 0, "open": 1, "closed": 2])
    #expect(numbers(Side.self) == ["buy": 0, "sell": 1])
    #expect(numbers(TimeInForce.self) == ["day": 0, "gtc": 1, "ioc": 2, "fok": 3, "opg": 4, "cls": 5])
    #expect(numbers(LogColumns.Kind.self) == ["place": 0, "cancel": 1, "replace": 2, "market": 3])
    #expect(
      numbers(LogColumns.ExchangeInstruction.self) == [
        "step": 0, "expire": 1, "halt": 2, "resume": 3, "bind": 4, "unbind": 5, "cross": 6,
      ])
    #expect(LogColumns.Kind.mask == 3 && LogColumns.Kind.refused == 4)
  }

  private func numbers<Value: StoredConstant>(_ type: Value.Type) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: Value.allCases.map { ("\($0)", Int($0.sql)!) })
  }

  /// BETWEEN would take a number without a meaning for a value.
  @Test func spansHaveNoGaps() {
    func isWhole<Value: StoredConstant>(_ type: Value.Type) -> Bool {
      let values = Value.allCases.map { Int($0.rawValue) }.sorted()
      return values == Array(values.first!...values.last!)
        && Value.span == "\(values.first!) AND \(values.last!)"
    }
    #expect(isWhole(AccountStatus.self) && isWhole(AuctionExecution.Stage.self) && isWhole(BandTier.self))
    #expect(isWhole(OrderClass.self) && isWhole(OrderEvent.Kind.self) && isWhole(OrderPhase.self))
    #expect(isWhole(OrderRole.self) && isWhole(OrderStatus.self) && isWhole(OrderType.self))
    #expect(isWhole(PendingChange.self) && isWhole(SelfTradePrevention.self) && isWhole(SessionStage.self))
    #expect(isWhole(Side.self) && isWhole(TimeInForce.self) && isWhole(LogColumns.ExchangeInstruction.self))
    // Every kind with and without the bit of a refusal.
    let kinds = LogColumns.Kind.allCases.flatMap {
      [Int($0.rawValue), Int($0.rawValue) | Int(LogColumns.Kind.refused)]
    }
    #expect(LogColumns.Kind.storedSpan == "\(kinds.min()!) AND \(kinds.max()!)" && Set(kinds) == Set(0...7))
  }

  @Test func listsNameTheValuesThatFit() {
    #expect(OrderStatus.open == "0, 1" && OrderEvent.Kind.executions == "1, 2" && OrderEvent.Kind.ofRequests == "7, 8")
    #expect(OrderEvent.Kind.sql(.replaced, .canceled) == "4, 3")
    #expect(TimeInForce.sql(where: \.isImmediate) == "2, 3")
    #expect(LogColumns.ExchangeInstruction.halts == "2, 3" && LogColumns.ExchangeInstruction.bands == "4, 5")
    #expect(
      LogColumns.Kind.ofOrders == "0, 2" && LogColumns.kind() == "kind & 3" && LogColumns.kind(of: "g") == "g.kind & 3")
  }

  @Test func theServerReadsThemAsTheProgramDoes() throws {
    var connection = try PostgresConnection(StoreSettings.ledger(url: StoreDatabase.make(), role: "tests"))
    for side in Side.allCases {
      let rows = try connection.query(
        PostgresCall(
          PostgresStatement(
            "opposite_\(side)", "SELECT (\(Side.opposite(of: "$1::smallint")))::smallint, $1::smallint = \(side.sql)"),
          [.int2(Int16(side.rawValue))]))
      #expect(rows.int2(0, 0) == Int16(side.opposite.rawValue) && rows.bool(0, 1))
    }
    for kind in LogColumns.Kind.allCases {
      let stored = Int16(kind.rawValue) | LogColumns.Kind.refused
      let rows = try connection.query(
        PostgresCall(
          PostgresStatement(
            "kind_\(kind)", "SELECT \(LogColumns.kind()) = \(kind.sql) FROM (SELECT $1::smallint) AS r (kind)"),
          [.int2(stored)]))
      #expect(rows.bool(0, 0))
    }
  }

  /// What migrations wrote as numbers is what the enumerations say.
  @Test func theSchemasChecksNameTheSameNumbers() throws {
    var connection = try PostgresConnection(StoreSettings.ledger(url: StoreDatabase.make(), role: "tests"))
    let rows = try connection.query(
      PostgresCall(
        PostgresStatement(
          "checks",
          """
          SELECT c.conrelid::regclass::text, pg_get_constraintdef(c.oid) FROM pg_constraint c
          WHERE c.contype = 'c' AND c.connamespace = current_schema()::regnamespace
          """)))
    let checks = Set((0..<rows.count).map { "\(rows.text($0, 0)): \(rows.text($0, 1))" })
    let (first, last) = (AuctionExecution.Stage.allCases.first!.sql, AuctionExecution.Stage.allCases.last!.sql)
    let crossing = AuctionExecution.Stage.crossing.sql
    let tiers = BandTier.allCases.map(\.sql).joined(separator: ", ")
    for expected in [
      "auction_parts: CHECK (((stage >= \(first)) AND (stage <= \(last))))",
      "auction_parts: CHECK (((NOT (stage IS DISTINCT FROM \(crossing))) = (price IS NOT NULL)))",
      "instruments: CHECK ((band_tier = ANY (ARRAY[\(tiers)])))",
    ] { #expect(checks.contains(expected), "\(expected) is not among \(checks.sorted())") }
  }

  /// No index depends on a number of an enumeration. One that does needs it here and in the statements that it is for.
  @Test func noIndexOfTheSchemaNamesANumber() throws {
    var connection = try PostgresConnection(StoreSettings.ledger(url: StoreDatabase.make(), role: "tests"))
    let rows = try connection.query(
      PostgresCall(
        PostgresStatement(
          "predicates",
          """
          SELECT DISTINCT pg_get_expr(i.indpred, i.indrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          WHERE i.indpred IS NOT NULL AND c.relnamespace = current_schema()::regnamespace
          """)))
    let predicates = (0..<rows.count).map { rows.text($0, 0) }
    #expect(predicates.count >= 5)
    for predicate in predicates { #expect(predicate.firstMatch(of: /[0-9]/) == nil, "\(predicate)") }
  }
}
