import Glibc
import Lifecycle
import TestKit
import Testing

/// Gateways die, leave, are flooded and are talked to badly.
extension FaultRow {
  static let gateway: [FaultRow] =
    ["accept.committed:40", "accept.answered:40"].map { place in
      FaultRow(number: 23, name: "gateway killed at \(place)", topology: .gateways, keepsOwners: true) { stand in
        let fragile = try await stand.addGateway(killPoint: place)
        // Clients go to the next gateway only when one does not answer.
        try await stand.replaceGateways(by: fragile)
        try await untilKilled(fragile.process)
        try await Task.sleep(for: .milliseconds(500))
        // It comes back at the same place.
        try await stand.addGateway(port: fragile.port)
      }
    } + [
      FaultRow(number: 23, name: "gateway killed", topology: .gateways, subject: .gateways, keepsOwners: true) {
        stand in
        try await stand.gateways.randomElement()!.server.process.stop(SIGKILL)
      },
      askedToStop,
      FaultRow(
        number: 33, name: "bodies that nobody may accept", topology: .gateways, subject: .requests, keepsOwners: true
      ) {
        stand in
        let gateway = stand.gateways[0].server
        let statuses = await onThread {
          let caller = gateway.caller(account: 0)
          return badBodies.map { caller.call("POST", "/v2/orders", $0.bytes)?.status }
        }
        for (body, status) in zip(badBodies, statuses) {
          #expect(
            status.map { (400..<500).contains($0) } == true, "\(body.name): \(status.map(String.init) ?? "no answer")")
        }
        let stored = try stand.number("SELECT count(*) FROM orders WHERE client_order_id ~ '^(bad|a$|nnn)'")
        #expect(stored == 0)
        #expect(gateway.process.exitStatus == nil)
      },
      FaultRow(
        number: 32, name: "clients that hang up", topology: .gateways, subject: .requests, times: 200, keepsOwners: true
      ) { stand in
        let gateway = stand.gateways[0].server
        let run = UInt32.random(in: 0 ... .max)
        await onThread {
          let caller = gateway.caller(account: 0)
          for number in 0..<200 {
            let body = order("hangs-\(run)-\(number)", side: "buy", quantity: 1)
            caller.abandon("POST", "/v2/orders", body, after: number % 2 == 0 ? nil : number)
          }
        }
        // Answered behind what the others left.
        let status = await onThread {
          gateway.caller(account: 0).call("POST", "/v2/orders", order("stays-\(run)", side: "buy", quantity: 1))?.status
        }
        // An account may have run out of what it may use.
        #expect(status == 200 || status == 403)
      },
      FaultRow(
        number: 31, name: "4,000 orders at once at a gateway with small queues", topology: .gateways, load: .none,
        times: 4_000
      ) { try await $0.burst() },
      FaultRow(
        number: 38, name: "gateway with 80 descriptors, 100 connections", topology: .gateways, keepsOwners: true
      ) { try await $0.runOutOfDescriptors() },
    ]

  private static var askedToStop: FaultRow {
    let moment = Lock<Int64>(0)
    return FaultRow(
      number: 28, name: "gateway told to stop answers what is in flight", topology: .gateways, keepsOwners: true
    ) { stand in
      moment.withLock { $0 = HostClock.monotonicNanoseconds() }
      let status = try await stand.gateways[0].server.process.stop(SIGTERM)
      #expect(status == 0)
    } expect: { _, records in
      let signalled = moment.withLock { $0 }
      #expect(records.flatMap(\.unanswered).filter { $0 < signalled } == [], "sent before the signal, never answered")
    }
  }
}

extension FaultStand {
  /// Leaves clients only one gateway.
  fileprivate func replaceGateways(by gateway: ScratchGateway) async throws {
    for other in gateways where other.server.port != gateway.port { try await stopGateway(other.server) }
  }

  /// Sends thousands of orders at once to a gateway that may keep little waiting: some are told to come back, and of
  /// those nothing is stored.
  fileprivate func burst() async throws {
    let gateway = try await addGateway(options: ["--shard-lag-limit", "50", "--accept-queue", "20"], isPublic: false)
    let run = UInt32.random(in: 0 ... .max)
    let answers = await atOnce(100) { client in
      let caller = gateway.caller(account: client % ScratchStack.accounts)
      return (0..<40).map { number in
        let body = order("burst-\(run)-\(client)-\(number)", side: number % 2 == 0 ? "buy" : "sell", quantity: 1)
        return caller.call("POST", "/v2/orders", body)
      }
    }
    .flatMap { $0 }
    let statuses = Dictionary(answers.map { ($0?.status ?? 0, 1) }, uniquingKeysWith: +)
    print("burst: \(statuses)")
    // Some accounts run out of what they may use.
    #expect(Set(statuses.keys).isSubset(of: [200, 403, 429]), "\(statuses)")
    #expect(statuses[429, default: 0] > 0, "nothing was refused")
    #expect(answers.allSatisfy { $0?.status != 429 || $0?.head.contains("retry-after:") == true })
    try await settle()
    #expect(
      try number("SELECT count(*) FROM orders WHERE client_order_id LIKE 'burst-\(run)-%'")
        == Int64(statuses[200, default: 0]))
  }

  /// More connections than a gateway has descriptors: it serves those that it has, and all again when they are fewer.
  fileprivate func runOutOfDescriptors() async throws {
    let gateway = try await addGateway(launcher: ["prlimit", "--nofile=80:80"], isPublic: false)
    let run = UInt32.random(in: 0 ... .max)
    let served = await atOnce(100) { _ in
      gateway.caller(account: 7, patience: 2).call("GET", "/v2/account")?.status == 200
    }
    .count { $0 }
    print("descriptors: \(served) of 100 served")
    #expect(served > 0)
    #expect(gateway.process.exitStatus == nil, "\(gateway.process.log.suffix(2000))")
    _ = try await eventually("an order at a gateway that was out of descriptors") {
      let answer = await onThread {
        gateway.caller(account: 7, patience: 5)
          .call("POST", "/v2/orders", order("after-\(run)", side: "buy", quantity: 1), idempotencyKey: "after-\(run)")
      }
      // Earlier rows may have left the account without money: then it is told so, which takes the same way.
      return [200, 403].contains(answer?.status) ? true : nil
    }
  }
}
