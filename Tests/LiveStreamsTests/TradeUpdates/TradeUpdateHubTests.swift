import APITestKit
import Accounting
import ClientKit
import HTTP
import JSON
import Lifecycle
import LiveStreams
import Market
import Ports
import TestKit
import Testing
import TradingAPI

/// A ledger of events in memory, whose wake-ups may be lost.
final class FakeEvents: AccountEventReader, EventWakeUps {
  struct State {
    var events: [AccountNumber: [AccountEvent]] = [:]
    var keys: Set<String> = ["KEYA", "KEYB"]
    var failure: StoreError?
    var reported: (@Sendable ([AccountNumber]) async -> Void)?
  }

  let state = Lock(State())

  func events(_ questions: [EventQuestion], limit: Int) async throws(StoreError) -> [EventAnswer] {
    try state.withLock { (state) throws(StoreError) in
      if let failure = state.failure { throw failure }
      return questions.map { question in
        let all = state.events[question.account] ?? []
        let behind = all.filter { $0.at > question.after }
        return EventAnswer(
          question: question, events: Array(behind.prefix(limit)), last: all.last?.at ?? Timestamp(rawValue: 0),
          hasMore: behind.count >= limit)
      }
    }
  }

  func accountsWithNews(_ questions: [EventQuestion]) async throws(StoreError) -> [AccountNumber] {
    state.withLock { state in
      questions.filter { (state.events[$0.account]?.last?.at).map($0.after.isBefore) ?? false }.map(\.account)
    }
  }

  func keyStates(of keys: [String]) async throws(StoreError) -> [String: KeyState] {
    state.withLock { state in
      Dictionary(uniqueKeysWithValues: state.keys.intersection(keys).map { ($0, .valid) })
    }
  }

  func notify(_ accounts: [AccountNumber]) async throws(StreamError) {
    await state.withLock({ $0.reported })?(accounts)
  }

  func follow(_ reported: @escaping @Sendable ([AccountNumber]) async -> Void) async {
    state.withLock { $0.reported = reported }
    while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
  }

  /// Commits an execution of an account's order at a time.
  func commit(_ account: AccountNumber, at: Timestamp, isNotified: Bool = true) async {
    let id = UniqueID.timeOrdered(at: at, random: 1)
    var row = OrderRecord(
      id: id, account: account, clientOrderID: "c-\(at.rawValue)", instrument: GatewayFixture.apple.id,
      shard: Shard(rawValue: 3), sequence: Sequence(rawValue: at.rawValue), priority: Sequence(rawValue: 1),
      terms: OrderTerms(.buy, Quantity(rawValue: 5), at: Price("10.5")!), updatedAt: at)
    row.filled = row.quantity
    row.filledValue = row.price * row.quantity
    row.status = .filled
    row.closedAt = at
    let event = OrderEvent(
      shard: row.shard, sequence: row.sequence, ordinal: 1, kind: .fill, reason: 0, order: id, account: account,
      instrument: row.instrument, side: .buy, price: row.price, quantity: row.quantity, filled: row.filled,
      filledValue: row.filledValue, leaves: .zero)
    let reported = AccountEvent(
      at: at, accountID: UniqueID(high: 0, low: 9), event: event, row: row, position: Quantity(rawValue: 105))
    state.withLock { $0.events[account, default: []].append(reported) }
    if isNotified { try? await notify([account]) }
  }
}

extension Timestamp {
  fileprivate func isBefore(_ other: Timestamp) -> Bool { self < other }
}

/// Runs what blocks on a thread of its own: the few threads of the pool serve the gateway.
private func apart<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    startThread(name: "client") { continuation.resume(with: Swift.Result { try body() }) }
  }
}

extension WebSocketCaller {
  fileprivate func message() async throws -> Frame { try await apart { try self.receiveMessage() } }
}

extension EventStreamCaller {
  fileprivate func event() async throws -> Event { try await apart { try self.next() } }
}

/// A gateway with streams over a fake ledger, served on a port.
struct StreamStand {
  static let start = Timestamp("2026-01-05T15:00:00Z")!
  let events = FakeEvents()
  let server: HTTPServer
  private let running: Task<Void, Never>

  init(
    poll: Duration = .milliseconds(50), perAccount: Int = 0, authentication: Duration = .seconds(600),
    _ configure: (inout HTTPServerConfiguration) -> Void = { _ in }
  ) throws {
    let fixture = GatewayFixture()
    let exchange = fixture.exchange
    var settings = TradeUpdateHubSettings()
    settings.pollPeriod = poll
    settings.streamsPerAccount = perAccount
    settings.authenticationLimit = authentication
    let now: @Sendable () -> Timestamp = { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }
    let feed = TradeUpdateHub(
      news: events, backlog: events, wakeUps: events, accounts: exchange, settings: settings, now: now)
    let foundation = ClientFoundation(reader: exchange, now: now)
    let service = GatewayService(
      foundation, acceptor: exchange, accountStore: exchange,
      streams: StreamService(foundation, feed: feed, market: nil),
      random: { 4 })
    var configuration = HTTPServerConfiguration()
    configuration.drainGrace = .milliseconds(1)
    configure(&configuration)
    server = try HTTPServer(configuration: configuration) { await service.handle($0) }
    server.start()
    running = Task { await feed.run() }
  }

  func stop() async {
    await server.drain(deadline: .seconds(2))
    running.cancel()
    await running.value
  }

  static func at(_ microseconds: Int64) -> Timestamp { start.advanced(byMicroseconds: microseconds) }

  func socket(path: String = "/stream", key: String = "KEYA", secret: String = "secret-a") async throws
    -> WebSocketCaller
  {
    let port = server.boundPort
    let client = try await apart { try WebSocketCaller(port: port, path: path) }
    client.send(#"{"action":"authenticate","data":{"key_id":"\#(key)","secret_key":"\#(secret)"}}"#)
    return client
  }

  func listening(path: String = "/stream") async throws -> WebSocketCaller {
    let client = try await socket(path: path)
    #expect(
      try await client.message().text
        == #"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#)
    // As the Python clients send it: in fragments, the last of them empty; and binary, as another does.
    client.send(0x02, Array(#"{"action":"listen","data":{"streams":["trade_updates","x"]}}"#.utf8))
    client.send(0x80, [])
    #expect(try await client.message().text == #"{"stream":"listening","data":{"streams":["trade_updates"]}}"#)
    return client
  }

  func events(_ query: String = "", more: String = "", receiveBuffer: Int32? = nil) async throws -> EventStreamCaller {
    let port = server.boundPort
    return try await apart {
      try EventStreamCaller(
        port: port, path: "/v2/events/trades\(query)",
        headers: "APCA-API-KEY-ID: KEYA\r\nAPCA-API-SECRET-KEY: secret-a\r\n\(more)", receiveBuffer: receiveBuffer)
    }
  }

  /// The head of the answer to a request.
  func head(of request: String) async throws -> String {
    let port = server.boundPort
    return try await apart {
      let socket = try StreamSocket(port: port)
      socket.send(request)
      return try socket.receive(until: "\r\n\r\n")
    }
  }
}

@Suite struct TradeUpdateHubTests {
  private func with(
    _ stand: StreamStand, _ body: (StreamStand) async throws -> Void
  ) async throws {
    do { try await body(stand) } catch {
      await stand.stop()
      throw error
    }
    await stand.stop()
  }

  /// The place of an event in the test's series.
  private func place(_ frame: WebSocketCaller.Frame) throws -> Int64 {
    let data = try #require(try JSONDocument(frame.payload).root["data"])
    return try place(data)
  }

  private func place(_ data: JSONValue) throws -> Int64 {
    let text = try #require(data["at"]?.string)
    return try #require(Timestamp(text)).microseconds(since: StreamStand.start)
  }

  private func place(_ event: EventStreamCaller.Event) throws -> Int64 {
    try place(JSONDocument(Array(event.data.utf8)).root)
  }

  @Test func aSocketReportsWhatHappensFromThenOn() async throws {
    try await with(StreamStand()) { stand in
      await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(1))
      let client = try await stand.listening()
      await stand.events.commit(GatewayFixture.bob, at: StreamStand.at(2))
      await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(3))
      let frame = try await client.message()
      #expect(frame.first == 0x81)
      let root = try JSONDocument(frame.payload).root
      #expect(root["stream"]?.string == "trade_updates")
      let data = try #require(root["data"])
      #expect(data["event"]?.string == "fill" && data["price"]?.string == "10.5" && data["qty"]?.string == "5")
      #expect(data["position_qty"]?.string == "105" && data["timestamp"]?.string == "2026-01-05T15:00:00.000003Z")
      #expect(data["execution_id"]?.string.flatMap { UniqueID($0) } != nil)
      #expect(data["event_id"]?.string.flatMap { EventID($0)?.at } == StreamStand.at(3))
      let order = try #require(data["order"])
      #expect(order["status"]?.string == "filled" && order["symbol"]?.string == "AAPL")
      #expect(order["filled_avg_price"]?.string == "10.5" && order["filled_at"]?.string != nil)
    }
  }

  @Test func everySocketOfAKeyGetsEveryEventAlsoWhenWakeUpsAreLost() async throws {
    try await with(StreamStand()) { stand in
      var clients: [WebSocketCaller] = []
      for path in ["/stream", "/stream/", "/stream"] { clients.append(try await stand.listening(path: path)) }
      for number in 1...200 as ClosedRange<Int64> {
        await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(number), isNotified: number % 3 == 0)
      }
      for client in clients {
        for number in 1...200 as ClosedRange<Int64> { #expect(try place(await client.message()) == number) }
      }
    }
  }

  @Test func strangersHearNothing() async throws {
    try await with(StreamStand(authentication: .seconds(2))) { stand in
      let wrong = try await stand.socket(secret: "wrong")
      #expect(
        try await wrong.message().text
          == #"{"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}}"#)
      #expect(try await wrong.message().closeCode == 1008)
      let port = stand.server.boundPort
      let hasty = try await apart { try WebSocketCaller(port: port, path: "/stream") }
      hasty.send(#"{"action":"listen","data":{"streams":["trade_updates"]}}"#)
      #expect(
        try await hasty.message().text
          == #"{"stream":"authorization","data":{"status":"unauthorized","action":"listen"}}"#)
      // Who does not prove who it is does not keep its place.
      #expect(try await hasty.message().closeCode == 1008)
      let head = try await stand.head(of: "GET /v2/events/trades HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(head.hasPrefix("HTTP/1.1 401"))
    }
  }

  @Test func listeningEndsAndBeginsAgain() async throws {
    try await with(StreamStand()) { stand in
      let client = try await stand.listening()
      client.send(#"{"action":"listen","data":{"streams":[]}}"#)
      #expect(try await client.message().text == #"{"stream":"listening","data":{"streams":[]}}"#)
      await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(1))
      client.send(#"{"action":"listen","data":{"streams":["trade_updates"]}}"#)
      #expect(try await client.message().text == #"{"stream":"listening","data":{"streams":["trade_updates"]}}"#)
      await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(2))
      #expect(try place(await client.message()) == 2)
    }
  }

  @Test func aRevokedKeysStreamsEnd() async throws {
    try await with(StreamStand()) { stand in
      let socket = try await stand.listening()
      let lines = try await stand.events()
      _ = try await apart { try lines.socket.receive(until: "\n\n") }
      _ = stand.events.state.withLock { $0.keys.remove("KEYA") }
      #expect(try await socket.message().closeCode == 1008)
      #expect(try await apart { lines.socket.isEnded() })
    }
  }

  @Test func anEventStreamGoesOnWhereTheClientWas() async throws {
    try await with(StreamStand()) { stand in
      for number in 1...1_000 as ClosedRange<Int64> {
        await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(number), isNotified: false)
      }
      var expected: Int64 = 1
      var resume = "?since=2026-01-05T15:00:00.000001Z"
      var more = ""
      // Connections come and go at any place, and more is committed meanwhile.
      for round in 0..<12 {
        let client = try await stand.events(resume, more: more)
        var last = ""
        for _ in 0..<(round * 37 % 100 + 40) {
          let event = try await client.event()
          #expect(try place(event) == expected)
          expected += 1
          last = event.id
        }
        for number in 0..<20 {
          await stand.events.commit(
            GatewayFixture.alice, at: StreamStand.at(Int64(1_000 + round * 20 + number + 1)),
            isNotified: number % 2 == 0)
        }
        resume = round % 2 == 0 ? "?since_id=\(last)" : "?since=2026-01-01"
        more = round % 2 == 0 ? "" : "Last-Event-ID: \(last)\r\n"
      }
      let client = try await stand.events(resume, more: more)
      while expected <= 1_240 {
        #expect(try place(await client.event()) == expected)
        expected += 1
      }
    }
  }

  @Test func anEventStreamEndsWhereTheClientWants() async throws {
    try await with(StreamStand()) { stand in
      for number in 1...50 as ClosedRange<Int64> {
        await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(number))
      }
      let byTime = try await stand.events("?since=2026-01-05T15:00:00.000010Z&until=2026-01-05T15:00:00.000012Z")
      for number in 10...12 as ClosedRange<Int64> { #expect(try place(await byTime.event()) == number) }
      await #expect(throws: StreamSocket.Ended.self) { try await byTime.event() }
      let first = EventID(at: StreamStand.at(47), account: GatewayFixture.alice)
      let last = EventID(at: StreamStand.at(49), account: GatewayFixture.alice)
      let byName = try await stand.events("?since_id=\(first)&until_id=\(last)")
      for number in 48...49 as ClosedRange<Int64> { #expect(try place(await byName.event()) == number) }
      await #expect(throws: StreamSocket.Ended.self) { try await byName.event() }
      let head = try await stand.head(
        of:
          "GET /v2/events/trades?since_id=x HTTP/1.1\r\nHost: x\r\nAPCA-API-KEY-ID: KEYA\r\nAPCA-API-SECRET-KEY: secret-a\r\n\r\n"
      )
      #expect(head.hasPrefix("HTTP/1.1 422"))
    }
  }

  /// A client that reads slowly gets everything all the same, and the gateway does not hold it in memory meanwhile.
  @Test func aSlowEventStreamIsReadAsItReads() async throws {
    let stand = try StreamStand {
      $0.streams.queueBytes = 768 << 10
      $0.streams.kernelBufferBytes = 16 << 10
    }
    try await with(stand) { stand in
      for number in 1...5_000 as ClosedRange<Int64> {
        await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(number), isNotified: false)
      }
      let client = try await stand.events("?since=2026-01-01", receiveBuffer: 8 << 10)
      for number in 1...5_000 as ClosedRange<Int64> {
        #expect(try place(await client.event()) == number)
        if number % 100 == 0 { #expect(stand.server.metrics.streams.queuedBytes < 1 << 20) }
      }
    }
  }

  @Test func anOutageOfTheLedgerDelaysAndLosesNothing() async throws {
    try await with(StreamStand()) { stand in
      let client = try await stand.listening()
      stand.events.state.withLock { $0.failure = .unavailable(.connection, reason: "away") }
      for number in 1...20 as ClosedRange<Int64> {
        await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(number))
      }
      try await Task.sleep(for: .milliseconds(200))
      stand.events.state.withLock { $0.failure = nil }
      for number in 1...20 as ClosedRange<Int64> { #expect(try place(await client.message()) == number) }
    }
  }

  @Test func anAccountHasNoMoreStreamsThanItMay() async throws {
    try await with(StreamStand(perAccount: 1)) { stand in
      let first = try await stand.listening()
      let second = try await stand.socket()
      _ = try await second.message()
      second.send(#"{"action":"listen","data":{"streams":["trade_updates"]}}"#)
      #expect(try await second.message().closeCode == 1008)
      await stand.events.commit(GatewayFixture.alice, at: StreamStand.at(1))
      #expect(try place(await first.message()) == 1)
    }
  }
}
