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

    /// The words of the configuration's own example: a TLS handshake, requests to both gateways, bodies that are too long
    /// and connections that are too many.
    @Test func servesTLSWithTheExamplesWords() async throws {
      var trial = try await FaultTrial(gateways: 2)
      let directory = try ScratchDirectory("haproxy-tls")
      let certificate = "\(directory.path)/exchange.pem"
      let made = try ChildProcess(
        [
          "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
          "1",
          "-subj", "/CN=exchange.test", "-addext", "subjectAltName=DNS:exchange.test", "-keyout", certificate + ".key",
          "-out", certificate + ".crt",
        ], log: "\(directory.path)/openssl")
      #expect(try await made.end(within: 20) == 0, "\(made.log)")
      let joined = try ChildProcess(
        ["bash", "-c", "cat '\(certificate).crt' '\(certificate).key' > '\(certificate)'"],
        log: "\(directory.path)/join")
      #expect(try await joined.end(within: 20) == 0)
      let (gateways, process) = try await balance(&trial, words: "ssl crt \(certificate) alpn http/1.1", isPlain: false)
      let port = trial.gateways[0].port

      func ask(_ path: String, _ words: String...) async throws -> String {
        let client = try ChildProcess(
          [
            "curl", "--silent", "--show-error", "--include", "--max-time", "10", "--cacert", certificate + ".crt",
            "--resolve", "exchange.test:\(port):127.0.0.1", "--header", "APCA-API-KEY-ID: K0", "--header",
            "APCA-API-SECRET-KEY: secret-0", "https://exchange.test:\(port)\(path)",
          ] + words, log: "\(directory.path)/client-\(UInt32.random(in: 0 ... .max))")
        _ = try await client.end(within: 20)
        return client.log
      }
      _ = try await eventually("an account through TLS") {
        if let status = process.exitStatus { throw ChildProcess.Failure(description: "\(status): \(process.log)") }
        return try await ask("/v2/account").contains("HTTP/1.1 200") ? true : nil
      }
      // A client of plain HTTP and one of an old TLS find nobody who speaks with them.
      let plain = await onThread {
        HTTPCaller(port: port, headers: "APCA-API-KEY-ID: K0\r\nAPCA-API-SECRET-KEY: secret-0\r\n").call(
          "GET", "/v2/account")
      }
      #expect(plain?.status != 200)
      #expect(try await !ask("/v2/clock", "--tls-max", "1.1").contains("HTTP/1.1 200"))
      // Too long a body is refused without a gateway.
      // HAProxy answers while the body is still under way, and hangs up: now and then that is all that the client sees.
      let body = "{\"pad\":\"\(String(repeating: "a", count: 70_000))\"}"
      let long = try await eventually("an answer to too long a body") {
        let answer = try await ask("/v2/orders", "--data", body)
        return answer.contains("HTTP/1.1") ? answer : nil
      }
      #expect(long.contains("HTTP/1.1 413") && long.contains("body_too_large"), "\(long)")
      // Either gateway serves alone.
      for gateway in gateways {
        gateway.process.signal(SIGSTOP)
        _ = try await eventually("the other gateway's answer") {
          try await ask("/v2/clock").contains("HTTP/1.1 200") ? true : nil
        }
        gateway.process.signal(SIGCONT)
        try await Task.sleep(for: .milliseconds(1_200))
      }
      #expect(process.exitStatus == nil)
    }

    /// One source has so many connections at once and so many requests in a while; the numbers are made small here.
    @Test func aSourceHasAShareOfWhatThereIs() async throws {
      var trial = try await FaultTrial(gateways: 2)
      let (gateways, process) = try await balance(
        &trial,
        edits: ["sc0_conn_cur gt 2000": "sc0_conn_cur gt 20", "sc0_http_req_rate gt 50000": "sc0_http_req_rate gt 300"])
      let proxy = trial.gateways[0]
      let (answered, statuses, refusal) = await onThread {
        let callers = (0..<40).map { _ in proxy.caller(account: 0) }
        let answered = callers.map { $0.call("GET", "/v2/account")?.status }
        var statuses: [Int: Int] = [:]
        var refusal: String?
        for _ in 0..<400 {
          guard let answer = callers[0].call("GET", "/v2/account") else { continue }
          statuses[answer.status, default: 0] += 1
          if answer.status == 429 { refusal = answer.body }
        }
        return (answered, statuses, refusal)
      }
      let served = answered.count { $0 == 200 }
      #expect((1...20).contains(served) && answered.count { $0 == nil } == 40 - served, "\(answered)")
      #expect(statuses[429, default: 0] >= 50 && statuses[200, default: 0] > 0, "\(statuses)")
      #expect(refusal == #"{"code":42910000,"message":"too many requests","reason":"rate_limit"}"#)
      #expect(process.exitStatus == nil && gateways.allSatisfy { $0.process.exitStatus == nil })
    }

    /// Gateways behind the proxy know whom it speaks for: one client's unknown keys hold up nobody else, and nobody is
    /// believed who is no proxy.
    @Test func clientsAreKnownByTheProxysWord() async throws {
      var trial = try await FaultTrial(gateways: 0)
      for _ in 0..<2 {
        trial.gateways.append(
          try await trial.stack.startGateway(ScratchStack.Deviations(options: ["--trusted-proxies", "127.0.0.1"])))
      }
      let gateway = trial.gateways[0]
      func ask(_ key: String, as client: String) async -> Int {
        await onThread {
          HTTPCaller(
            port: gateway.port,
            headers: "APCA-API-KEY-ID: \(key)\r\nAPCA-API-SECRET-KEY: x\r\nX-Forwarded-For: 198.51.100.9, \(client)\r\n"
          ).call("GET", "/v2/clock")?.status ?? 0
        }
      }
      var statuses: [Int: Int] = [:]
      for number in 0..<200 { statuses[await ask("NOBODY\(number)", as: "192.0.2.1"), default: 0] += 1 }
      #expect(statuses[429, default: 0] > 50 && statuses[401, default: 0] >= 60, "\(statuses)")
      #expect(await ask("NOBODY", as: "192.0.2.2") == 401)
    }

    /// Puts HAProxy in front of a trial's gateways; clients trade there from now on.
    private func balance(
      _ trial: inout FaultTrial, words: String = "", edits: [String: String] = [:], isPlain: Bool = true
    ) async throws -> ([ScratchGateway], ChildProcess) {
      let gateways = trial.gateways
      let port = FreePort.choose()
      let directory = try ScratchDirectory("haproxy")
      let changes = edits.sorted { $0.key < $1.key }.map { "-e 's/\($0.key)/\($0.value)/'" }.joined(separator: " ")
      let configuration = "\(directory.path)/cfg"
      let process = try ChildProcess(
        [
          "bash", "-c",
          """
          sed -e '' \(changes) '/\(root)/deploy/haproxy.cfg' >'\(configuration)' && exec haproxy -db -f '\(configuration)'
          """,
        ],
        environment: [
          "BUTTONWOOD_FRONT": "127.0.0.1:\(port) \(words)", "BUTTONWOOD_GATEWAY_1": "127.0.0.1:\(gateways[0].port)",
          "BUTTONWOOD_GATEWAY_2": "127.0.0.1:\(gateways[1].port)",
        ], log: "\(directory.path)/log")
      let proxy = ScratchGateway(process: process, port: port)
      trial.gateways = [proxy]
      guard isPlain else { return (gateways, process) }
      _ = try await eventually("an account through HAProxy") {
        if let status = process.exitStatus { throw ChildProcess.Failure(description: "\(status): \(process.log)") }
        return await onThread { proxy.caller(account: 0).call("GET", "/v2/account")?.status == 200 } ? true : nil
      }
      return (gateways, process)
    }

    private var root: String { #filePath.split(separator: "/").dropLast(3).joined(separator: "/") }
  }
}
