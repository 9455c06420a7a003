import Foundation
import Glibc
import Lifecycle
import Postgres
import Redis
import TestKit
import Testing

/// Live market data of a whole exchange: whoever follows has the books, whoever owns the shards.
@Suite struct MarketDataTests {
  /// A message of the data stream.
  private struct Message: Decodable {
    struct Level: Decodable {
      var p: Double
      var s: Int
    }

    var T: String
    var S: String?
    var r: Bool?
    var sequence: Int?
    var previous: Int?
    var checksum: UInt32?
    var b: [Level]?
    var a: [Level]?
    var i: Int?
    var code: Int?
  }

  /// A copy of a book, made of messages alone. Prices in 1/10000 dollar.
  private struct Copy {
    var sides: [[Int: Int]] = [[:], [:]]
    var sequence: Int?
    var wholes = 0
    var changes = 0
    var faults: [String] = []

    mutating func take(_ message: Message) {
      if message.r == true {
        sides = [[:], [:]]
        wholes += 1
      } else {
        changes += 1
        if message.previous != sequence { faults.append("\(message.previous ?? -1) after \(sequence ?? -1)") }
      }
      for (side, levels) in [message.b, message.a].enumerated() {
        for level in levels ?? [] {
          sides[side][Int((level.p * 10_000).rounded())] = level.s == 0 ? nil : level.s
        }
      }
      sequence = message.sequence
      if message.checksum != crc32(text) { faults.append("checksum at \(sequence ?? -1)") }
    }

    /// As the documentation has it.
    private var text: String {
      func side(_ levels: [(key: Int, value: Int)]) -> String {
        levels.prefix(10).map { "\(decimal($0.key)):\($0.value)" }.joined(separator: ",")
      }
      return side(sides[0].sorted { $0.key > $1.key }) + ";" + side(sides[1].sorted { $0.key < $1.key })
    }

    private func decimal(_ price: Int) -> String {
      let digits = String(10_000 + price % 10_000).dropFirst()
      let fraction = String(digits.reversed().drop { $0 == "0" }.reversed())
      return fraction.isEmpty ? "\(price / 10_000)" : "\(price / 10_000).\(fraction)"
    }

    private func crc32(_ text: String) -> UInt32 {
      ~text.utf8.reduce(~0) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
      }
    }
  }

  /// What a follower has seen.
  private struct Followed: Sendable {
    var copies: [String: Copy] = [:]
    var trades: [String] = []

    /// The books that are not empty.
    var books: [String: [[Int: Int]]] { copies.mapValues(\.sides).filter { $0.value != [[:], [:]] } }
  }

  private static let symbols = (0..<ScratchStack.instruments).map { "S\($0)" }

  /// Reads until it is over.
  private static func follow(_ socket: WebSocketCaller, until isOver: (Followed) -> Bool) throws -> Followed {
    var followed = Followed()
    while !isOver(followed) {
      let frame = try socket.receiveMessage()
      for message in try JSONDecoder().decode([Message].self, from: Data(frame.payload)) {
        switch message.T {
        case "o": followed.copies[message.S!, default: Copy()].take(message)
        case "t": followed.trades.append("\(message.S!) \(message.i!)")
        default: continue
        }
      }
    }
    return followed
  }

  private static func body(_ random: inout SeededRandom, _ number: Int) -> String {
    let side = random.oneIn(2) ? "buy" : "sell"
    return """
      {"symbol":"S\(random.number(0...5))","qty":\(random.number(1...9)),"side":"\(side)","type":"limit",\
      "time_in_force":"day","limit_price":"\(100 + random.number(-6...6)).\(random.number(0...9))",\
      "client_order_id":"market-\(number)"}
      """
  }

  /// A worker dies, Redis forgets everything, and trading goes on: the copies follow each other without a gap, their
  /// checksums agree, at the end they are the books, and no trade was told twice.
  @Test func whoFollowsHasTheBooksWhateverHappens() async throws {
    let stack = try await ScratchStack()
    let gateway = try await stack.startGateway()
    let first = try await stack.startWorker()
    let second = try await stack.startWorker()
    try await stack.untilOwned()
    let key = "APCA-API-KEY-ID: K0\r\nAPCA-API-SECRET-KEY: secret-0\r\n"
    let port = gateway.port
    let expected = Lock<[String: [[Int: Int]]]?>(nil)
    async let following = onThread {
      Result {
        let socket = try WebSocketCaller(port: port, path: "/v2/iex", headers: key, patience: 60)
        let list = Self.symbols.map { "\"\($0)\"" }.joined(separator: ",")
        socket.send("{\"action\":\"subscribe\",\"depth\":[\(list)],\"trades\":[\"*\"]}")
        // S7 is left alone; its only order is the last of all. Other shards' last changes may be told behind it.
        return try Self.follow(socket) { followed in
          followed.copies["S7"]?.sides[0][990_000] == 77 && followed.books == expected.withLock { $0 }
        }
      }
    }
    let redis = RedisClient(RedisSettings(address: stack.redis.address, name: "operator"))
    var random = SeededRandom(seed: 21)
    let callers = (0..<4).map { gateway.caller(account: $0) }
    for number in 0..<400 {
      let caller = callers[random.number(0...3)]
      let answer = caller.call("POST", "/v2/orders", Self.body(&random, number))
      #expect(answer?.status == 200 || answer?.status == 403, "\(number)")
      if random.oneIn(9) { _ = caller.call("DELETE", "/v2/orders") }
      if number == 120 { first.signal(SIGKILL) }
      if number == 260 { _ = try await redis.send(RedisCommand("FLUSHALL")) }
    }
    try await untilSettled(stack)
    let settled = try books(stack).merging(["S7": [[990_000: 77], [:]]]) { $1 }
    expected.withLock { $0 = settled }
    _ = callers[0].call(
      "POST", "/v2/orders",
      #"{"symbol":"S7","qty":77,"side":"buy","type":"limit","time_in_force":"day","limit_price":"99"}"#)
    let followed = try await following.get()
    for (symbol, copy) in followed.copies { #expect(copy.faults == [], "\(symbol)") }
    #expect(followed.copies.count == Self.symbols.count)
    #expect(followed.copies.values.reduce(0) { $0 + $1.changes } > 50, "changes come one by one")
    #expect(try books(stack) == followed.books)
    let stored = try trades(stack)
    #expect(Set(followed.trades).count == followed.trades.count, "no trade comes twice")
    #expect(Set(followed.trades).isSubset(of: stored) && followed.trades.count > stored.count / 2)
    #expect(second.exitStatus == nil)
    let audit = try await stack.run(["audit", "--replay"])
    #expect(audit.status == 0, "\(audit.text)")
  }

  private func untilSettled(_ stack: ScratchStack) async throws {
    for _ in 0..<3_000 {
      var connection = try stack.postgres.connect()
      let rows = try connection.query(
        PostgresCall(
          .init(
            "lag",
            "SELECT count(*) FROM shard_logs JOIN shard_cursors USING (shard) WHERE last_sequence > processed_sequence")
        ))
      if rows.int8(0, 0) == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("not settled")
  }

  private func books(_ stack: ScratchStack) throws -> [String: [[Int: Int]]] {
    var connection = try stack.postgres.connect()
    let rows = try connection.query(
      PostgresCall(
        .init(
          "books",
          """
          SELECT symbol, side::smallint, price, sum(quantity - filled)::bigint FROM orders JOIN instruments USING (instrument_id)
          WHERE is_open GROUP BY 1, 2, 3
          """)))
    var books: [String: [[Int: Int]]] = [:]
    for row in 0..<rows.count {
      books[rows.text(row, 0), default: [[:], [:]]][Int(rows.int2(row, 1))][Int(rows.int8(row, 2))] = Int(
        rows.int8(row, 3))
    }
    return books
  }

  private func trades(_ stack: ScratchStack) throws -> Set<String> {
    var connection = try stack.postgres.connect()
    let rows = try connection.query(
      PostgresCall(
        .init(
          "trades", "SELECT symbol, sequence * 1048576 + ordinal FROM trades JOIN instruments USING (instrument_id)")))
    return Set((0..<rows.count).map { "\(rows.text($0, 0)) \(rows.int8($0, 1))" })
  }
}
