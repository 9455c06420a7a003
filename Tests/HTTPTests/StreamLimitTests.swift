import HTTP
import Lifecycle
import TestKit
import Testing

@Suite struct StreamLimitTests {
  @Test func aSlowReaderIsClosedAndHoldsNobodyUp() async throws {
    let handler = RecordingHandler()
    try await withStreams(
      handler,
      {
        $0.streams.queueBytes = 64 << 10
        $0.streams.kernelBufferBytes = 8 << 10
      }
    ) { server in
      let slow = try WebSocketCaller(port: server.boundPort, path: "/ws", receiveBuffer: 4096)
      try await eventually("one is open") { handler.streams.count == 1 }
      let quick = try WebSocketCaller(port: server.boundPort, path: "/ws")
      try await eventually("both are open") { handler.streams.count == 2 }
      let streams = handler.streams
      let chunk = HTTPStreamChunk.binary([UInt8](repeating: 7, count: 4_000))
      // The quick one reads each message before the next is sent; the slow one reads nothing.
      var sent = 0
      while streams[0].send(chunk) {
        sent += 1
        try #require(sent < 100_000)
        streams[1].send(chunk)
        #expect(try quick.receive().payload.count == 4_000)
      }
      #expect(!streams[0].send(chunk))
      #expect(streams[1].send(chunk))
      #expect(try quick.receive().payload.count == 4_000)
      // What had begun to be sent is whole; then comes the reason.
      var last: WebSocketCaller.Frame?
      var received = 0
      while let frame = try? slow.receive() {
        last = frame
        received += 1
      }
      #expect(last?.closeCode == 1008)
      #expect(received - 1 < sent)
      try await eventually("the slow one is gone") { handler.ends == [.slowReader] }
      #expect(server.metrics.streams.slow == 1)
      try await eventually("its memory is given back") { server.metrics.streams.queuedBytes == 0 }
    }
  }

  @Test func whoNeverReadsAgainIsCutOff() async throws {
    let handler = RecordingHandler()
    try await withStreams(
      handler,
      {
        $0.streams.kernelBufferBytes = 8 << 10
        $0.streams.idleLimit = .milliseconds(400)
      }
    ) { server in
      let client = try EventStreamCaller(port: server.boundPort, path: "/events", receiveBuffer: 4096)
      try await eventually("it is open") { handler.streams.count == 1 }
      let event = HTTPStreamChunk.event([UInt8](repeating: 0x61, count: 10_000), id: "1")
      for _ in 0..<50 { handler.streams[0].send(event) }
      try await eventually("it is gone") { handler.ends.count == 1 }
      #expect(server.metrics.streams.queuedBytes == 0)
      withExtendedLifetime(client) {}
    }
  }

  @Test func reportsWhenThereIsRoomAgain() async throws {
    let handler = RecordingHandler()
    try await withStreams(handler, { $0.streams.queueBytes = 1 << 20 }) { server in
      let client = try EventStreamCaller(port: server.boundPort, path: "/events", receiveBuffer: 4096)
      try await eventually("it is open") { handler.streams.count == 1 }
      let stream = handler.streams[0]
      let event = HTTPStreamChunk.event([UInt8](repeating: 0x61, count: 10_000), id: "1")
      var sent = 0
      while stream.hasRoom {
        #expect(stream.send(event))
        sent += 1
      }
      #expect(handler.drainedCount == 0)
      for _ in 0..<sent { #expect(try client.next().data.utf8.count == 10_000) }
      try await eventually("it is told") { handler.drainedCount == 1 }
      #expect(stream.hasRoom)
    }
  }

  @Test func holdsEachToItsShareWhenAllTogetherHoldMuch() async throws {
    let handler = RecordingHandler()
    try await withStreams(
      handler,
      {
        $0.streams.count = 10
        $0.streams.totalQueueBytes = 400 << 10
        $0.streams.kernelBufferBytes = 4 << 10
      }
    ) { server in
      let clients = try (0..<6).map { _ in
        try WebSocketCaller(port: server.boundPort, path: "/ws", receiveBuffer: 4096)
      }
      try await eventually("all are open") { handler.streams.count == 6 }
      let chunk = HTTPStreamChunk.binary([UInt8](repeating: 1, count: 10_000))
      for _ in 0..<100 { for stream in handler.streams { stream.send(chunk) } }
      // A stream may begin one chunk beyond the bound at most.
      #expect(server.metrics.streams.queuedBytes <= (400 << 10) + 6 * 10_100)
      withExtendedLifetime(clients) {}
    }
  }

  @Test func refusesMoreStreamsThanItMayHave() async throws {
    let handler = RecordingHandler()
    try await withStreams(handler, { $0.streams.count = 2 }) { server in
      var open = try (0..<2).map { _ in try WebSocketCaller(port: server.boundPort, path: "/ws") }
      let client = try RawConnection(port: server.boundPort)
      client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receive().status == 503)
      client.send("GET /on HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receive().body == "GET /on ")
      #expect(server.metrics.streams.refused == 1)
      open.removeLast()
      try await eventually("there is room") { server.metrics.streams.open == 1 }
      _ = try EventStreamCaller(port: server.boundPort, path: "/events")
    }
  }

  @Test func drainClosesStreamsWithGoingAway() async throws {
    let handler = RecordingHandler()
    try await withStreams(handler) { server in
      let socket = try WebSocketCaller(port: server.boundPort, path: "/ws")
      let events = try EventStreamCaller(port: server.boundPort, path: "/events")
      try await eventually("both are open") { handler.streams.count == 2 }
      for stream in handler.streams {
        stream.send(stream.kind == .webSocket ? .text(Array("bye".utf8)) : .event(Array("bye".utf8), id: "7"))
      }
      async let drained = server.drain(deadline: .seconds(20))
      #expect(try socket.receive().text == "bye")
      #expect(try socket.receive().closeCode == 1001)
      socket.send(0x88, [0x03, 0xE9])
      #expect(try events.next() == .init(id: "7", data: "bye"))
      #expect(events.socket.isEnded())
      events.socket.finishSending()
      #expect(await drained)
      #expect(handler.ends == [.drained, .drained])
    }
  }

  @Test func leavesNothingOfAStreamWithTheRequestLoop() async throws {
    let handler = RecordingHandler(sendBack)
    try await withStreams(handler, { $0.connectionLimit = 3 }) { server in
      // More streams than the server may have connections, and requests between them.
      var open: [WebSocketCaller] = []
      for index in 0..<50 {
        open.append(try WebSocketCaller(port: server.boundPort, path: "/ws"))
        let client = try RawConnection(port: server.boundPort)
        client.send("GET /\(index) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.receive().body == "GET /\(index) ")
      }
      for client in open {
        client.send("still here")
        #expect(try client.receive().text == "still here")
      }
      try await eventually("the connections are gone") { server.metrics.openConnections == 0 }
      #expect(server.metrics.streams.open == 50)
      #expect(server.metrics.answered[1] == 50 && server.metrics.answered[0] == 0)
    }
  }

  @Test func eventsOverHTTP10AndHead() async throws {
    let handler = RecordingHandler()
    try await withStreams(handler, { $0.streams.pingInterval = .milliseconds(50) }) { server in
      let head = try RawConnection(port: server.boundPort)
      head.send("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try head.receive(isHead: true).header("Content-Type") == "text/event-stream")
      let old = try StreamSocket(port: server.boundPort)
      old.send("GET /events HTTP/1.0\r\n\r\n")
      #expect(try old.receive(until: "\r\n\r\n").contains("text/event-stream"))
      #expect(try old.receive(until: "\n\n") == ": still here")
    }
  }
}
