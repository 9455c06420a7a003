import JSON
import Market
import Testing

@testable import HTTPLoad
@testable import LabKit

struct TradingTests {
  @Test func quantitiesAreReadFromNumbersAndStrings() throws {
    let answer = try #require(JSONValue.read(Array(#"{"n":"12","m":7,"x":"1.5","y":true}"#.utf8)))
    #expect(["n", "m", "x", "y", "z"].map { answer[$0]?.wholeNumber } == [12, 7, nil, nil, nil])
    #expect(JSONValue.read(Array("<html>".utf8)) == nil)
  }

  @Test(
    arguments: [
      ("http://127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1:8080"), ("http://h/", "h", 80, "h"),
      ("http://[::1]:99", "::1", 99, "[::1]:99"),
    ] as [(String, String, UInt16, String)])
  func urlsBecomeAddresses(url: String, host: String, port: UInt16, header: String) {
    let address = GatewayAddress(url)
    #expect(address?.host == host && address?.port == port && address?.hostHeader == header)
  }

  @Test(arguments: ["", "https://h", "http://", "http://h:0", "http://h:99999", "http://h/path", "http://u@h", "h:80"])
  func otherURLsAreRefused(url: String) { #expect(GatewayAddress(url) == nil) }

  @Test func keysAreReadFromArraysAndLines() throws {
    let one = #"{"account_id":"a1","key_id":"PK1","secret":"s1","name":"x"}"#
    let two = #"{"account_id":"a2","key_id":"PK2","secret":"s2"}"#
    let keys = [
      TradingKey(account: "a1", key: "PK1", secret: "s1"), TradingKey(account: "a2", key: "PK2", secret: "s2"),
    ]
    let bad = #"{"account_id":"a2","key_id":"PK2","secret":"s\r\nX: y"}"#
    try withFiles(["array": "[\(one),\n\(two)]", "lines": "\(one)\n\(two)\n", "bad": "\(one)\n\(bad)"]) { paths in
      let read = try (TradingKey.load(paths["array"]!), TradingKey.load(paths["lines"]!))
      #expect(read.0 == keys && read.1 == keys)
      #expect(throws: TradingKeyError.malformed(paths["bad"]!, entry: 2)) { try TradingKey.load(paths["bad"]!) }
    }
    #expect(throws: TradingKeyError.unreadable("/nowhere")) { try TradingKey.load("/nowhere") }
  }

  @Test(
    arguments: [
      (422, #"{"code":40010001,"message":"client_order_id must be unique"}"#, .duplicate),
      (422, #"{"code":42210000,"message":"cannot replace order in accepted status"}"#, .tooEarly("accepted")),
      (422, #"{"code":42210000,"message":"cannot replace order in filled status"}"#, .tooLate("filled")),
      (422, #"{"code":42210000,"message":"order already replaced"}"#, .tooLate("replaced")),
      (422, #"{"code":42210000,"message":"order is already in \"canceled\" state"}"#, .tooLate("canceled")),
      (
        403, #"{"message":"insufficient qty available for order (requested: 7, available: 3)"}"#,
        .refused(reason: "403 insufficient qty available for order (requested: # available: #")
      ),
      (404, #"{"message":"order not found"}"#, .notFound), (204, "", .accepted), (503, "", .unknown),
      (200, #"{"id":"x"}"#, .order("x")), (200, "", .unknown), (429, "", .throttled(wait: 1_000_000_000)),
      (400, "", .refused(reason: "400 status # without a message")),
    ] as [(Int, String, TradingAnswer)])
  func answersHaveTheirMeaning(status: Int, body: String, answer: TradingAnswer) {
    #expect(TradingAnswer(.answered(HTTPReply(status: status, headers: [], body: Array(body.utf8)))) == answer)
  }

  @Test func failuresSayWhetherTheServerMayHaveSeenTheRequest() {
    #expect(TradingAnswer(.failed(.refused(errno: 111))) == .unavailable)
    #expect(TradingAnswer(.failed(.closed)) == .unknown)
    #expect(TradingAnswer(.failed(.timedOut)) == .unknown)
    let reply = HTTPReply(status: 429, headers: [("retry-after", "3")], body: [])
    #expect(TradingAnswer(.answered(reply)) == .throttled(wait: 3_000_000_000))
  }

  @Test func noAccountStandsOnBothSides() throws {
    #expect(AccountSpread(accounts: 1) == nil)
    for count in 2...9 {
      let spread = try #require(AccountSpread(accounts: count))
      var buyers = Set<Int>(), sellers = Set<Int>()
      for number in 0..<1000 as Range<UInt64> {
        buyers.insert(spread.account(order: number, side: .buy))
        sellers.insert(spread.account(order: number, side: .sell))
      }
      #expect(buyers.isDisjoint(with: sellers))
      #expect(buyers.union(sellers) == Set(0..<count))
    }
  }
}
