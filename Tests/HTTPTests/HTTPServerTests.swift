import HTTP
import Testing

@Suite struct HTTPServerTests {
  @Test func keepsConnectionsAlive() async throws {
    try await withServer { server in
      let client = try RawConnection(port: server.boundPort)
      for round in 0..<3 {
        client.send("POST /r\(round) HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
        let answer = try client.receive()
        #expect(answer.status == 200)
        #expect(answer.body == "POST /r\(round) body")
      }
      #expect(server.metrics.accepted == 1)
      #expect(server.metrics.answered[2] == 3)
    }
  }
}
