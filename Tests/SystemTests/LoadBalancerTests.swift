import Glibc
import TestKit
import Testing

extension FaultTests {
  /// Two gateways behind HAProxy with the configuration of `deploy/`: clients know one address, whatever happens behind it.
  struct LoadBalancer {
    @Test func aGatewayThatIsKilledLosesNothing() async throws {
      var trial = try await FaultTrial(gateways: 2)
      let (gateways, balancer) = try await balance(&trial)
      var again: ScratchGateway?
      try await trial.run("gateway behind HAProxy killed, started again", before: .seconds(1), after: .seconds(2)) {
        gateways[0].process.signal(SIGKILL)
        try await Task.sleep(for: .seconds(1))
        again = try await trial.stack.startGateway(port: gateways[0].port)
        try await Task.sleep(for: .seconds(1))
        // Whoever trades now trades with the one that came back.
        gateways[1].process.signal(SIGKILL)
        try await Task.sleep(for: .seconds(1))
      }
      #expect(again?.process.exitStatus == nil && balancer.exitStatus == nil)
    }

    @Test func gatewaysAreReplacedOneByOne() async throws {
      var trial = try await FaultTrial(gateways: 2)
      let (gateways, balancer) = try await balance(&trial)
      var successors: [ScratchGateway] = []
      try await trial.run("gateways behind HAProxy replaced one by one", before: .seconds(1), after: .seconds(1)) {
        for gateway in gateways {
          gateway.process.signal(SIGTERM)
          #expect(try await gateway.process.end(within: 30) == 0)
          successors.append(try await trial.stack.startGateway(port: gateway.port))
          // Until the check has found it again.
          try await Task.sleep(for: .milliseconds(1200))
        }
      }
      #expect(successors.allSatisfy { $0.process.exitStatus == nil } && balancer.exitStatus == nil)
    }

    /// Each request may reach another gateway than the one before.
    @Test func whatOneGatewayAcknowledgesEveryOtherShows() async throws {
      var trial = try await FaultTrial(gateways: 2)
      let (gateways, _) = try await balance(&trial)
      let proxy = trial.gateways[0]
      let failures = await onThread {
        let callers = (gateways + [proxy]).map { $0.caller(account: 0) }
        var failures: [String] = []
        for number in 0..<150 {
          let (writer, reader) = (callers[number % 3], callers[(number / 3 + 1) % 3])
          let placed = writer.call("POST", "/v2/orders", order("seen-\(number)", side: "buy", quantity: 1))
          guard placed?.status == 200, let id = placed?.text("id") else {
            failures.append("\(number): \(placed?.status ?? 0)")
            continue
          }
          if reader.call("GET", "/v2/orders/\(id)")?.status != 200 { failures.append("\(number): not shown") }
          if reader.call("DELETE", "/v2/orders/\(id)")?.status != 204 { failures.append("\(number): not cancelled") }
          let state = writer.call("GET", "/v2/orders/\(id)")?.text("status") ?? ""
          if !["pending_cancel", "canceled"].contains(state) { failures.append("\(number): \(state)") }
        }
        return failures
      }
      #expect(failures == [])
      try await trial.settle()
      try await trial.audit()
    }

    /// When nobody is there, clients learn that nothing was stored.
    @Test func withoutAGatewayNothingIsTaken() async throws {
      var trial = try await FaultTrial(gateways: 2)
      let (gateways, _) = try await balance(&trial)
      for gateway in gateways { gateway.process.signal(SIGKILL) }
      let proxy = trial.gateways[0]
      let answer = try await eventually("an answer of HAProxy's own") {
        await onThread {
          proxy.caller(account: 0).call("POST", "/v2/orders", order("nobody", side: "buy", quantity: 1))
        }
      }
      #expect(answer.status == 503 && answer.body == #"{"code":50310000,"message":"service unavailable"}"#)
      #expect(answer.head.contains("retry-after: 1"))
    }

    /// Puts HAProxy in front of a trial's gateways; clients trade there from now on.
    private func balance(_ trial: inout FaultTrial) async throws -> ([ScratchGateway], ChildProcess) {
      let gateways = trial.gateways
      let port = FreePort.choose()
      let directory = try ScratchDirectory("haproxy")
      let process = try ChildProcess(
        ["haproxy", "-db", "-f", "/\(root)/deploy/haproxy.cfg"],
        environment: [
          "BUTTONWOOD_FRONT": "127.0.0.1:\(port)", "BUTTONWOOD_GATEWAY_1": "127.0.0.1:\(gateways[0].port)",
          "BUTTONWOOD_GATEWAY_2": "127.0.0.1:\(gateways[1].port)",
        ], log: "\(directory.path)/log")
      let proxy = ScratchGateway(process: process, port: port)
      trial.gateways = [proxy]
      _ = try await eventually("an account through HAProxy") {
        if let status = process.exitStatus { throw ChildProcess.Failure(description: "\(status): \(process.log)") }
        return await onThread { proxy.caller(account: 0).call("GET", "/v2/account")?.status == 200 } ? true : nil
      }
      return (gateways, process)
    }

    private var root: String { #filePath.split(separator: "/").dropLast(3).joined(separator: "/") }
  }
}
