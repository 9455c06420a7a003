import HTTP
import HTTPLoad
import Lifecycle
import Testing

@Suite struct HTTPServerDrainTests {
  @Test func drainUnderLoadLosesNoRequest() async throws {
    let handler: HTTPHandler = { request in
      try? await Task.sleep(for: .milliseconds(2))
      return await echo(request)
    }
    var configuration = HTTPServerConfiguration()
    configuration.drainGrace = .milliseconds(500)
    let server = try HTTPServer(configuration: configuration, handler: handler)
    server.start()
    var load = HTTPLoadClientConfiguration(port: server.boundPort)
    load.connections = 100
    let outcomes = Lock((answered: 0, refused: 0, lost: [HTTPLoadFailure]()))
    let client = try HTTPLoadClient(load) { batch in
      outcomes.withLock { outcomes in
        for completion in batch {
          switch completion.outcome {
          case .answered: outcomes.answered += 1
          case .failed(.refused): outcomes.refused += 1
          case .failed(let failure): outcomes.lost.append(failure)
          }
        }
      }
    }
    // More are sent until the first is refused: however fast the machine, some come when nobody listens any more.
    let sending = Task {
      var sent: UInt64 = 0
      repeat {
        client.send((sent..<sent + 1_000).map { HTTPLoadRequest(method: "POST", target: "/", body: [0x61], token: $0) })
        sent += 1_000
        try await Task.sleep(for: .milliseconds(5))
      } while outcomes.withLock { $0.refused + $0.lost.count } == 0
      return Int(sent)
    }
    try await eventually("the load runs") { outcomes.withLock { $0.answered } > 1000 }
    #expect(await server.drain(deadline: .seconds(20)))
    let sent = try await sending.value
    try await eventually("every request has an outcome") {
      outcomes.withLock { $0.answered + $0.refused + $0.lost.count } == sent
    }
    outcomes.withLock { outcomes in
      #expect(outcomes.lost.isEmpty)
      #expect(outcomes.refused > 0)
      #expect(outcomes.answered == server.metrics.answered[2])
    }
  }

  @Test func aDrainedServerAnswersWhatIsInFlightAndCloses() async throws {
    let gate = Gate()
    let server = try HTTPServer(configuration: HTTPServerConfiguration()) { request in
      await gate.pass()
      return await echo(request)
    }
    server.start()
    let client = try RawConnection(port: server.boundPort)
    let idle = try RawConnection(port: server.boundPort)
    client.send("GET /flight HTTP/1.1\r\nHost: x\r\n\r\n")
    try await eventually("the request waits") { gate.waitingCount == 1 }
    async let drained = server.drain(deadline: .seconds(20))
    #expect(idle.isClosedByServer())
    #expect(throws: RawConnection.Closed.self) { try RawConnection(port: server.boundPort) }
    gate.open()
    let answer = try client.receive()
    #expect(answer.body == "GET /flight ")
    #expect(answer.header("Connection") == "close")
    #expect(client.isClosedByServer())
    #expect(await drained)
    #expect(await server.drain(deadline: .seconds(1)))
  }

  @Test func theDeadlineCutsWhatIsLeft() async throws {
    let gate = Gate()
    let server = try HTTPServer(configuration: HTTPServerConfiguration()) { request in
      await gate.pass()
      return await echo(request)
    }
    server.start()
    let client = try RawConnection(port: server.boundPort)
    client.send("GET /flight HTTP/1.1\r\nHost: x\r\n\r\n")
    try await eventually("the request waits") { gate.waitingCount == 1 }
    #expect(await !server.drain(deadline: .milliseconds(10)))
    #expect(client.isClosedByServer())
    gate.open()
    try await eventually("the handler returns") { server.metrics.inFlight == 0 }
  }

  @Test func aServerThatIsLetGoStops() async throws {
    var server: HTTPServer? = try HTTPServer(configuration: HTTPServerConfiguration(), handler: echo)
    server?.start()
    let client = try RawConnection(port: server!.boundPort)
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.receive().status == 200)
    server = nil
    #expect(client.isClosedByServer())
  }
}
