import Glibc
import Lifecycle
import Postgres
import Redis
import TestKit
import Testing

extension FaultTests {
  /// Clients that follow their accounts' events through kill -9 of workers and gateways and a wiped Redis, under load.
  struct FollowedStreams {
    @Test func followersMissNothingAndSeeNothingTwice() async throws {
      let trial = try await FaultTrial(gateways: 2, workers: 3)
      let gateways = Lock(trial.gateways)
      let followers = (0..<4).map { EventFollower(gateways, account: $0, seed: UInt64($0)) }
      let listeners = try (0..<4).map { try SocketListener(trial.gateways[0], account: $0) }
      let listeningSince = try trial.stack.moment()
      try await trial.run("worker and gateway killed, Redis wiped, clients follow", after: .seconds(2)) {
        try await trial.workers[0].stop()
        try await Task.sleep(for: .milliseconds(500))
        _ = try await RedisClient(RedisSettings(address: trial.stack.redis.address)).send(RedisCommand("FLUSHALL"))
        try await Task.sleep(for: .milliseconds(500))
        try await trial.gateways[1].process.stop()
        let restarted = try await trial.stack.startGateway(port: trial.gateways[1].port)
        gateways.withLock { $0[1] = restarted }
        // However slow the machine is: enough for every follower to have broken off several times.
        _ = try await eventually("events of every account", seconds: 180) { () -> Bool? in
          try (0..<4).allSatisfy { try trial.stack.eventTimes(of: $0).count > 3 * EventFollower.longestStay }
            ? true : nil
        }
      }
      for account in 0..<4 {
        let stored = try trial.stack.eventTimes(of: account)
        let followed = await followers[account].seen(until: stored.last!)
        #expect(followed.times == stored, "account \(account): \(difference(followed.times, stored))")
        #expect(
          followed.connections >= stored.count / EventFollower.longestStay, "it has broken off as often as it must")
        let heard = await listeners[account].heard(until: stored.last!)
        #expect(heard == Array(stored.suffix(heard.count)), "account \(account): \(difference(heard, stored))")
        #expect(heard.count >= stored.filter { $0 > listeningSince }.count)
      }
    }

    private func difference(_ seen: [String], _ stored: [String]) -> String {
      let place = zip(seen, stored).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      return "\(seen.count) seen, \(stored.count) stored, first difference at \(place.map(String.init) ?? "the end")"
    }
  }
}

extension ScratchStack {
  /// The times of an account's events in order, as streams tell them.
  fileprivate func eventTimes(of account: Int) throws -> [String] {
    var connection = try postgres.connect()
    let rows = try connection.query(
      PostgresCall(
        .init(
          "event_times",
          """
          SELECT to_char(event_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM order_events
          JOIN accounts USING (account_id) WHERE name = $1::text
            -- The cancel of an order that has been cancelled already tells nobody anything.
            AND NOT (order_events.kind = 7 AND EXISTS (
              SELECT FROM orders o WHERE o.order_id = order_events.order_id AND o.status = 3))
          ORDER BY event_at
          """), [.text("A\(account)")]))
    return (0..<rows.count).map { rows.text($0, 0) }
  }

  fileprivate func moment() throws -> String {
    var connection = try postgres.connect()
    let sql = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    return try connection.query(PostgresCall(.init("moment", sql))).text(0, 0)
  }
}

/// What a thread of a client has seen, and until when it looks.
private final class Sightings: Sendable {
  private struct State {
    var times: [String] = []
    var connections = 0
    var last: String?
    var isOver = false
  }

  private let state = Lock(State())

  func connected() { state.withLock { $0.connections += 1 } }

  func saw(_ text: String) {
    guard let start = text.firstRange(of: "\"at\":\"") else { return }
    let time = String(text[start.upperBound...].prefix { $0 != "\"" })
    state.withLock { $0.times.append(time) }
  }

  func end() { state.withLock { $0.isOver = true } }

  /// Whether the client has seen what it is to see.
  var isDone: Bool {
    state.withLock { state in state.last.map { last in state.times.last.map { $0 >= last } ?? false } ?? false }
  }

  /// Everything, once the client has come so far or has given up.
  func until(_ last: String) async -> (times: [String], connections: Int) {
    state.withLock { $0.last = last }
    for _ in 0..<3_000 {
      if isDone || state.withLock({ $0.isOver }) { break }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return state.withLock { ($0.times, $0.connections) }
  }
}

/// A client of server-sent events that breaks off at random and goes on behind the last event that it has, at whichever
/// gateway.
private final class EventFollower: Sendable {
  /// Events that it takes over one connection at most: so it breaks off at least once for as many.
  static let longestStay = 40

  private let pollResults = Sightings()

  init(_ gateways: Lock<[ScratchGateway]>, account: Int, seed: UInt64) {
    let pollResults = pollResults
    startThread(name: "sse-\(account)") {
      var random = SeededRandom(seed: seed)
      var last = ""
      while !pollResults.isDone {
        let port = gateways.withLock { $0[Int(random.next() % UInt64($0.count))].port }
        let resume = last.isEmpty ? "" : "Last-Event-ID: \(last)\r\n"
        guard
          let client = try? EventStreamCaller(
            port: port, path: "/v2/events/trades?since=2020-01-01",
            headers: "APCA-API-KEY-ID: K\(account)\r\nAPCA-API-SECRET-KEY: secret-\(account)\r\n\(resume)", patience: 1)
        else {
          usleep(20_000)
          continue
        }
        pollResults.connected()
        for _ in 0..<random.number(1...Self.longestStay) {
          guard !pollResults.isDone, let event = try? client.next() else { break }
          pollResults.saw(event.data)
          last = event.id
        }
      }
      pollResults.end()
    }
  }

  func seen(until last: String) async -> (times: [String], connections: Int) { await pollResults.until(last) }
}

/// A client of a WebSocket that stays.
private final class SocketListener: Sendable {
  private let pollResults = Sightings()

  init(_ gateway: ScratchGateway, account: Int) throws {
    let client = try WebSocketCaller(port: gateway.port, path: "/stream")
    client.send(
      "{\"action\":\"authenticate\",\"data\":{\"key_id\":\"K\(account)\",\"secret_key\":\"secret-\(account)\"}}")
    _ = try client.receiveMessage()
    client.send("{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}")
    _ = try client.receiveMessage()
    let pollResults = pollResults
    startThread(name: "ws-\(account)") {
      while !pollResults.isDone, let frame = try? client.receive() {
        if frame.opcode == 9 { client.send(0x8A, frame.payload) } else { pollResults.saw(frame.text) }
      }
      pollResults.end()
    }
  }

  func heard(until last: String) async -> [String] { await pollResults.until(last).times }
}
