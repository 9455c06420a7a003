import Glibc
import JSON
import Lifecycle
import TestKit
import Testing

/// Guests who mean harm, with keys and without.
extension FaultRow {
  static let guests: [FaultRow] = [
    FaultRow(
      number: 55, name: "values at the ends of what can be written, for every parameter", topology: .gateways,
      subject: .requests, keepsOwners: true
    ) { stand in
      let gateway = stand.gateways[0].server
      let description = await onThread { gateway.caller(account: 0).call("GET", "/openapi.json")?.body ?? "" }
      let operations = try DescribedOperation.all(description)
      let problems = await onThread {
        let caller = gateway.caller(account: 0)
        // What reads: orders and positions of an account that trades are its own.
        return operations.filter { $0.method == "GET" }.flatMap {
          ExtremeValues.problems($0, caller, gateway.process)
        }
      }
      #expect(problems.isEmpty, "\(problems.prefix(10).joined(separator: "\n"))")
      #expect(gateway.process.exitStatus == nil)
    },
    FaultRow(
      number: 56, name: "floods without a key: bodies, fragments, slow heads, unknown keys, idle sockets",
      topology: .gateways, subject: .requests, keepsOwners: true
    ) { try await $0.flood() },
    FaultRow(
      number: 57, name: "one key: subscriptions, messages and streams without measure", topology: .gateways,
      subject: .requests, keepsOwners: true
    ) { try await $0.subscribeWithoutMeasure() },
    FaultRow(
      number: 58, name: "key revoked, every kind of stream open", topology: .gateways, keepsOwners: true
    ) { stand in
      let account = try await stand.number(ofAccount: 7)
      let made = try await stand.stack.run(["account", "keys", "create", "--json", account])
      let key = try JSONDocument(Array(made.text.utf8)).root
      let (name, secret) = (key["key_id"]?.string ?? "", key["secret"]?.string ?? "")
      try await stand.expectEnds(name, secret, of: ["account", "keys", "revoke", name])
    },
    FaultRow(
      number: 58, name: "account blocked, every kind of stream open", topology: .gateways, keepsOwners: true
    ) { stand in
      let account = try await stand.number(ofAccount: 7)
      try await stand.expectEnds("K7", "secret-7", of: ["account", "block", "--reason", "runs wild", account])
      let (status, text) = try await stand.stack.run(["account", "unblock", account])
      #expect(status == 0, "\(text)")
    },
  ]
}

/// What somebody without a key can send, each on a thread of its own until it is over.
private struct Flood: Sendable {
  let port: UInt16
  let isOver: @Sendable () -> Bool

  /// Bodies that are announced and never come whole.
  @Sendable func sendsBodies() {
    let head = "POST /v2/orders HTTP/1.1\r\nHost: x\r\nAPCA-API-KEY-ID: NOBODY\r\nContent-Length: 1000000\r\n\r\n"
    let part = [UInt8](repeating: 0x61, count: 100_000)
    let sockets = (0..<40).compactMap { _ in try? StreamSocket(port: port, patience: 1) }
    for socket in sockets {
      socket.send(head)
      socket.send(part)
    }
    while !isOver() { usleep(20_000) }
    withExtendedLifetime(sockets) {}
  }

  /// Keys that nobody has.
  func inventsKeys(_ number: Int) {
    let headers = "APCA-API-KEY-ID: N\(number)\r\nAPCA-API-SECRET-KEY: x\r\n"
    let caller = HTTPCaller(port: port, headers: headers, patience: 5)
    while !isOver() { _ = caller.call("GET", "/v2/account") }
  }

  /// Fragments of a byte, without end.
  @Sendable func sendsFragments() {
    var fragments: [UInt8] = []
    for _ in 0..<1_000 { fragments += WebSocketCaller.frame(0x00, [0x61]) }
    while !isOver() {
      guard let socket = try? WebSocketCaller(port: port, path: "/stream", patience: 2) else { continue }
      socket.send(0x01, [0x61])
      for _ in 0..<20 { socket.socket.send(fragments) }
    }
  }

  /// Heads that do not end, and sockets that say nothing.
  @Sendable func neverEnds() {
    let sockets = (0..<200).compactMap { _ in try? StreamSocket(port: port, patience: 1) }
    while !isOver() {
      for socket in sockets.prefix(100) { socket.send("G") }
      usleep(100_000)
    }
  }
}

extension FaultStand {
  fileprivate func number(ofAccount account: Int) async throws -> String {
    try IsolationTests.number(of: account, stack)
  }

  /// Opens every kind of stream with a key and waits until all have ended because of a command.
  fileprivate func expectEnds(_ key: String, _ secret: String, of command: [String]) async throws {
    let gateways = gateways.map(\.server)
    let streams = try await onThread {
      Result { try gateways.map { try GuestStreams(port: $0.port, key: key, secret: secret) } }
    }.get()
    // Gateways have looked at the key once.
    try await Task.sleep(for: .milliseconds(1_500))
    let (status, text) = try await stack.run(command)
    #expect(status == 0, "\(text)")
    let start = ContinuousClock.now
    let left = await onThread { streams.flatMap { $0.unended() } }
    print("fault 58: all streams ended \(ContinuousClock.now - start) after \(command.joined(separator: " "))")
    #expect(left == [])
  }

  /// All that can be sent without a key, at once; orders of others are accepted meanwhile.
  fileprivate func flood() async throws {
    let gateway = gateways[0].server
    let isOver = Lock(false)
    let flood = Flood(port: gateway.port) { isOver.withLock { $0 } }
    var guests: [@Sendable () -> Void] = [flood.neverEnds]
    for _ in 0..<8 { guests.append(flood.sendsBodies) }
    for number in 0..<4 { guests.append { flood.inventsKeys(number) } }
    for _ in 0..<2 { guests.append(flood.sendsFragments) }
    let crowd = Task {
      await withTaskGroup(of: Void.self) { group in
        for guest in guests { group.addTask { await onThread(guest) } }
      }
    }
    try await Task.sleep(for: .milliseconds(500))
    let run = UInt32.random(in: 0 ... .max)
    let statuses = await onThread {
      let caller = gateway.caller(account: 6)
      return (0..<50).map {
        caller.call("POST", "/v2/orders", order("flood-\(run)-\($0)", side: "buy", quantity: 1))?.status
      }
    }
    let ready = await onThread { HTTPCaller(port: gateway.port, headers: "").call("GET", "/readyz")?.status }
    isOver.withLock { $0 = true }
    await crowd.value
    // An account may have run out of what it may use.
    #expect(statuses.allSatisfy { $0 == 200 || $0 == 403 }, "\(statuses)")
    #expect(ready == 200)
    #expect(gateway.process.exitStatus == nil, "\(gateway.process.log.suffix(2000))")
  }

  /// What one key can ask of the streams of market data; another's stream brings what it should.
  fileprivate func subscribeWithoutMeasure() async throws {
    let gateway = gateways[0].server
    let isOver = Lock(false)
    let invented = (0..<9_800).map { "\"X\($0)\"" }
    let listed = (0..<8).map { "\"S\($0)\"" }.joined(separator: ",")
    let headers = "APCA-API-KEY-ID: K5\r\nAPCA-API-SECRET-KEY: secret-5\r\n"
    let crowd = Task {
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<12 {
          group.addTask {
            await onThread {
              while !isOver.withLock({ $0 }) {
                guard
                  let socket = try? WebSocketCaller(port: gateway.port, path: "/v2/iex", headers: headers, patience: 1)
                else {
                  usleep(10_000)
                  continue
                }
                let symbols = number % 2 == 0 ? invented.prefix(7_000).joined(separator: ",") : listed
                for _ in 0..<200 where !isOver.withLock({ $0 }) {
                  socket.send(#"{"action":"subscribe","depth":[\#(symbols)]}"#)
                  socket.send(#"{"action":"unsubscribe","depth":[\#(symbols)]}"#)
                }
              }
            }
          }
        }
      }
    }
    try await Task.sleep(for: .milliseconds(500))
    let reported = await onThread {
      Result {
        let other = try WebSocketCaller(
          port: gateway.port, path: "/v2/iex", headers: "APCA-API-KEY-ID: K4\r\nAPCA-API-SECRET-KEY: secret-4\r\n")
        other.send(#"{"action":"subscribe","trades":["*"]}"#)
        var text = ""
        // The exchange trades all the while.
        while !text.contains(#""T":"t""#) { text = try other.receiveMessage().text }
        return text
      }
    }
    isOver.withLock { $0 = true }
    await crowd.value
    #expect(try reported.get().contains(#""T":"t""#))
    #expect(gateway.process.exitStatus == nil, "\(gateway.process.log.suffix(2000))")
  }
}
