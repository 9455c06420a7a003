import Glibc
import JSON
import TestKit
import Testing

/// No value from outside ends a gateway or is answered as a fault of ours: every parameter of every operation that the
/// gateway describes, and every member of every body, with values at the ends of what can be written.
struct ExtremeValueTests {
  let stack: ScratchStack
  let gateway: ScratchGateway
  private let worker: ChildProcess

  init() async throws {
    stack = try await ScratchStack()
    worker = try await stack.startWorker()
    gateway = try await stack.startGateway()
    try await stack.untilOwned()
  }

  @Test func everyValueOfEveryParameterIsAnswered() async throws {
    try await trade()
    let description = await onThread { [gateway] in gateway.caller(account: 0).call("GET", "/openapi.json") }
    let operations = try DescribedOperation.all(try #require(description).body)
    #expect(operations.count > 50)
    let problems = await onThread { [gateway] in
      let caller = gateway.caller(account: 0)
      return operations.flatMap { ExtremeValues.problems($0, caller, gateway.process) }
    }
    #expect(problems.isEmpty, "\(problems.count): \(problems.prefix(20).joined(separator: "\n"))")
    #expect(gateway.process.exitStatus == nil, "\(gateway.process.log.suffix(3000))")
    #expect(try await stack.run(["audit"]).status == 0)
  }

  @Test func everyValueOfEveryHeaderIsAnswered() async throws {
    let values =
      ExtremeValues.numbers + [
        "", "\u{212A}0", "K\u{0}0", "K0\u{0}", "\u{1D11E}", "é", String(repeating: "K", count: 4_000),
        "Basic UEsAQUJDOnNlY3JldA==", "Basic UEvihKo6c2VjcmV0", "Basic 4oSqMDpzZWNyZXQtMA==", "Basic Og==", "Basic =",
        "Bearer x", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
      ]
    let lines = [
      "APCA-API-KEY-ID", "APCA-API-SECRET-KEY", "Authorization", "Idempotency-Key", "X-Request-ID", "Accept",
    ]
    let problems = await onThread { [gateway] in
      lines.flatMap { line in
        values.compactMap { value -> String? in
          // A bound on unknown keys may have been reached: then it is said so.
          let secret = line == "APCA-API-KEY-ID" ? "APCA-API-SECRET-KEY: secret-0\r\n" : ""
          let own = line.hasPrefix("A") ? secret : "APCA-API-KEY-ID: K0\r\nAPCA-API-SECRET-KEY: secret-0\r\n"
          let caller = HTTPCaller(port: gateway.port, headers: "\(own)\(line): \(value)\r\n", patience: 10)
          let answer = caller.call("GET", "/v2/account")
          let isFine = answer.map { $0.status < 500 && $0.body.hasPrefix("{") } ?? value.utf8.contains(0)
          return isFine ? nil : "\(line): \(value.prefix(60)): \(String(describing: answer))"
        }
      }
    }
    #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    let right = await onThread { [gateway] in gateway.caller(account: 0).call("GET", "/v2/account")?.status }
    #expect(right == 200, "the key that others have played with is its owner's still")
    #expect(gateway.process.exitStatus == nil)
  }

  /// Places that event streams are to begin and end at.
  @Test func everyPlaceOfAnEventStreamIsAnswered() async throws {
    let names = ["since", "until", "since_id", "until_id"]
    let heads = await onThread { [gateway] in
      names.flatMap { name in
        (ExtremeValues.times + ExtremeValues.texts + ExtremeValues.numbers).map { value in
          let socket = try? StreamSocket(port: gateway.port, patience: 5)
          socket?.send(
            """
            GET /v2/events/trades?\(name)=\(value) HTTP/1.1\r\nHost: x\r\nAPCA-API-KEY-ID: K0\r\n\
            APCA-API-SECRET-KEY: secret-0\r\n\r\n
            """)
          return "\(name)=\(value.prefix(40)): \((try? socket?.receive(until: "\r\n")) ?? "no answer")"
        }
      }
    }
    let problems = heads.filter { !$0.contains(": HTTP/1.1 200") && !$0.contains(": HTTP/1.1 4") }
    #expect(problems.isEmpty, "\(problems.prefix(10).joined(separator: "\n"))")
    #expect(gateway.process.exitStatus == nil)
  }

  // MARK: Trying

  /// Something is there to be found.
  private func trade() async throws {
    try await onThread { [gateway] in
      Result {
        for (account, side) in [(1, "buy"), (2, "sell")] {
          let body = #"""
            {"symbol":"S0","qty":"3","side":"\#(side)","type":"limit","time_in_force":"gtc","limit_price":"100"}
            """#
          let answer = gateway.caller(account: account).call("POST", "/v2/orders", body)
          _ = try Belongings.need(answer?.status == 200 ? 1 : nil, answer)
        }
      }
    }.get()
    _ = try await eventually("a trade") {
      await onThread { [gateway] in
        gateway.caller(account: 1).call("GET", "/v2/stocks/S0/trades/latest")?.body.contains("\"p\":") == true
      } ? true : nil
    }
  }
}
