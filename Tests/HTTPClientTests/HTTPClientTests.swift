import Foundation
import HTTP
import HTTPClient
import Lifecycle
import Testing
import TestKit

@Suite struct HTTPClientTests {
  private static let answer = Array("HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello".utf8)

  /// Long for whom nobody keeps waiting.
  private static let patient: HTTPClient.Limits = {
    var limits = HTTPClient.Limits()
    (limits.connect, limits.total) = (.seconds(60), .seconds(60))
    return limits
  }()

  /// Waits for those who never answer.
  private static let hasty: HTTPClient.Limits = {
    var limits = HTTPClient.Limits()
    (limits.connect, limits.total, limits.calls) = (.seconds(60), .milliseconds(250), 1_000)
    return limits
  }()

  private func failure(_ client: HTTPClient, _ call: HTTPCall) async -> HTTPClientError? {
    do throws(HTTPClientError) {
      _ = try await client.send(call)
      return nil
    } catch {
      return error
    }
  }

  private func withServer(
    _ handler: @escaping HTTPHandler, _ body: (String) async throws -> Void
  ) async throws {
    var configuration = HTTPServerConfiguration()
    configuration.drainGrace = .milliseconds(1)
    let server = try HTTPServer(configuration: configuration, handler: handler)
    server.start()
    do { try await body("http://127.0.0.1:\(server.boundPort)") } catch {
      _ = await server.drain(deadline: .seconds(1))
      throw error
    }
    _ = await server.drain(deadline: .seconds(1))
  }

  @Test func methodPathHeadersAndBodyArriveAndTheAnswerComesBack() async throws {
    try await withServer(
      { request in
        let seen = [
          request.method, request.rawPath, request.header("X-Key") ?? "-", request.header("X-Empty") ?? "-",
          request.header("Content-Type") ?? "-", request.header("Expect") ?? "-", request.header("User-Agent") ?? "-",
        ]
        return HTTPResponse(
          status: 418, headers: [("X-Answer", "yes"), ("Content-Type", "text/plain")],
          body: Array(seen.joined(separator: " ").utf8) + [0x20] + request.body)
      },
      { base in
        let client = HTTPClient(Self.patient)
        for method in ["GET", "POST", "PATCH", "DELETE", "PUT"] {
          let call = HTTPCall(
            method, base + "/a%2Fb?c=d", headers: [.init("X-Key", "k v"), .init("X-Empty", "")],
            body: method == "GET" ? [] : [0x00, 0xFF, 0x0A])
          let answer = try await client.send(call)
          #expect(answer.status == 418 && answer.header("x-answer") == "yes")
          #expect(
            answer.body
              == Array("\(method) /a%2Fb k v  - - buttonwood ".utf8) + (method == "GET" ? [] : [0x00, 0xFF, 0x0A]))
        }
        let head = try await client.send(HTTPCall("HEAD", base + "/"))
        #expect(head.status == 418 && head.body.isEmpty)
        let long = [UInt8](repeating: 0x61, count: 60_000)
        let answer = try await client.send(
          HTTPCall("POST", base + "/", headers: [.init("Content-Type", "application/json")], body: long))
        #expect(answer.body.suffix(60_000) == long[...])
      })
  }

  @Test func manyCallsAtATimeHaveTheirOwnAnswers() async throws {
    try await withServer(
      { HTTPResponse(status: 200, body: Array($0.rawPath.utf8)) },
      { base in
        let client = HTTPClient(Self.patient)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<60 {
            group.addTask {
              let answer = try await client.send(HTTPCall("GET", "\(base)/\(number)"))
              #expect(String(decoding: answer.body, as: UTF8.self) == "/\(number)")
            }
          }
          try await group.waitForAll()
        }
      })
  }

  private static let chunked = Array(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".utf8)

  @Test func anAnswerThatEndsAtAnyByteIsNoAnswer() async throws {
    // The very last byte of chunks is missed by nobody: what they bring has come, and that it was the last one.
    for (answer, end) in [(Self.answer, Self.answer.count), (Self.chunked, Self.chunked.count - 1)] {
      for count in 0..<end {
        let server = try ScriptedServer(.close(after: Array(answer.prefix(count))))
        let call = HTTPCall("POST", "http://127.0.0.1:\(server.port)/", body: [1])
        let error = await failure(HTTPClient(Self.patient), call)
        guard case .unanswered = error else {
          Issue.record("\(count) bytes: \(String(describing: error))")
          continue
        }
        #expect(server.requests.count == 1, "sent once and no more")
      }
    }
    let server = try ScriptedServer(.close(after: Self.answer))
    let whole = try await HTTPClient(Self.patient).send(HTTPCall("GET", "http://127.0.0.1:\(server.port)/"))
    #expect(whole.body == Array("hello".utf8) && whole.headers == [.init("X-One", "1"), .init("Content-Length", "5")])
  }

  @Test func aServerThatStopsAtAnyByteIsGivenUp() async throws {
    let client = HTTPClient(Self.hasty)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for count in 0..<Self.answer.count {
        group.addTask {
          let server = try ScriptedServer(.stall(after: Array(Self.answer.prefix(count))))
          let error = await failure(client, HTTPCall("GET", "http://127.0.0.1:\(server.port)/"))
          switch error {
          case .unanswered: break
          // On a slow machine the time may be over before there was a connection.
          case .unreachable: #expect(server.requests.isEmpty)
          default: Issue.record("\(count) bytes: \(String(describing: error))")
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// A byte now and then is no answer in time, wherever it belongs.
  @Test(arguments: [
    "", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
  ])
  func aServerThatDripsIsGivenUp(beginning: String) async throws {
    let server = try ScriptedServer(.drip(after: Array(beginning.utf8)))
    switch await failure(HTTPClient(Self.hasty), HTTPCall("GET", "http://127.0.0.1:\(server.port)/")) {
    case .unanswered: break
    case .unreachable: #expect(server.requests.isEmpty)
    case let other: Issue.record("\(String(describing: other))")
    }
  }

  @Test func longAnswersAreRefusedWithoutBeingKept() async throws {
    var limits = Self.patient
    (limits.answer, limits.head) = (10_000, 5_000)
    let client = HTTPClient(limits)
    let piece = Array("0123456789".utf8)
    // One that says its length, one whose head does not end, and one whose body does not.
    let long = try ScriptedServer(
      .close(
        after: Array("HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n".utf8)
          + Array(repeating: piece, count: 1_001).joined()))
    #expect(await failure(client, HTTPCall("GET", "http://127.0.0.1:\(long.port)/")) == .tooLong(limit: 10_000))
    let head = try ScriptedServer(.flood(after: Array("HTTP/1.1 200 OK\r\n".utf8), with: Array("X: y\r\n".utf8)))
    #expect(await failure(client, HTTPCall("GET", "http://127.0.0.1:\(head.port)/")) == .tooLong(limit: 5_000))
    let endless = try ScriptedServer(.flood(after: Array("HTTP/1.1 200 OK\r\n\r\n".utf8), with: piece))
    #expect(await failure(client, HTTPCall("GET", "http://127.0.0.1:\(endless.port)/")) == .tooLong(limit: 10_000))
    let exact = try ScriptedServer(
      .close(after: Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + Array(repeating: piece, count: 1_000).joined()))
    #expect(try await client.send(HTTPCall("GET", "http://127.0.0.1:\(exact.port)/")).body.count == 10_000)
  }

  @Test func whoDoesNotListenRefusesAndWhoHangsUpIsNoAnswer() async throws {
    let client = HTTPClient(Self.patient)
    let port = FreePort.choose()
    guard case .refused = await failure(client, HTTPCall("GET", "http://127.0.0.1:\(port)/")) else {
      Issue.record("nobody listens on \(port)")
      return
    }
    let server = try ScriptedServer(.hangUp)
    switch await failure(client, HTTPCall("GET", "http://127.0.0.1:\(server.port)/")) {
    case .unanswered, .unreachable: break
    case let other: Issue.record("\(String(describing: other))")
    }
  }

  @Test func redirectsAreAnswers() async throws {
    let target = try ScriptedServer(.close(after: Self.answer))
    let server = try ScriptedServer(
      .close(
        after: Array(
          "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(target.port)/\r\nContent-Length: 0\r\n\r\n".utf8)))
    let answer = try await HTTPClient(Self.patient).send(HTTPCall("GET", "http://127.0.0.1:\(server.port)/"))
    #expect(answer.status == 302 && target.requests.isEmpty)
  }

  @Test func headsBeforeTheLastAreNotTheAnswers() async throws {
    let server = try ScriptedServer(
      .close(after: Array("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n".utf8) + Self.answer))
    let answer = try await HTTPClient(Self.patient).send(HTTPCall("GET", "http://127.0.0.1:\(server.port)/"))
    #expect(answer.status == 200 && answer.header("X-Early") == nil)
  }

  @Test(arguments: [
    HTTPCall("GET", "file:///etc/passwd"), HTTPCall("GET", "ftp://127.0.0.1/"), HTTPCall("GET", ""),
    HTTPCall("GET", "http://127.0.0.1/a b"), HTTPCall("GET", "http://127.0.0.1/\u{0}"),
    HTTPCall("G T", "http://127.0.0.1/"),
    HTTPCall("GET", "http://127.0.0.1/", headers: [.init("X", "a\r\nY: b")]),
    HTTPCall("GET", "http://127.0.0.1/", headers: [.init("X: a\r\nY", "b")]),
    HTTPCall("GET", "http://127.0.0.1/" + String(repeating: "a", count: 9_000_000)),
    HTTPCall("HEAD", "http://127.0.0.1/", body: [1]),
  ])
  func callsThatAreNoneAreNotSent(call: HTTPCall) async {
    guard case .badCall = await failure(HTTPClient(Self.patient), call) else {
      Issue.record("\(call.method) \(call.url.prefix(40))")
      return
    }
  }

  @Test func callsBeyondTheBoundAreTurnedAway() async throws {
    var limits = Self.patient
    limits.calls = 1
    let client = HTTPClient(limits)
    let server = try ScriptedServer(.stall(after: []))
    let held = Task { await failure(client, HTTPCall("GET", "http://127.0.0.1:\(server.port)/")) }
    while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    let turnedAway = await failure(client, HTTPCall("GET", "http://127.0.0.1:\(server.port)/"))
    #expect(turnedAway == .unreachable(reason: "1 calls are under way") && turnedAway?.isRetriable == true)
    // Who waits no longer has its call given up, and its place is free again.
    held.cancel()
    #expect(await held.value == .unanswered(reason: "the call was given up"))
    let other = try ScriptedServer(.close(after: Self.answer))
    #expect(try await client.send(HTTPCall("GET", "http://127.0.0.1:\(other.port)/")).status == 200)
  }

  @Test func aServerHasToProveWhoItIs() async throws {
    let directory = try ScratchDirectory("tls")
    let (certificate, key) = ("\(directory.path)/server.crt", "\(directory.path)/server.key")
    let made = try ChildProcess(
      [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
        "-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
      ], log: "\(directory.path)/openssl")
    #expect(try await made.end(within: 60) == 0, "\(made.log)")
    let port = FreePort.choose()
    let server = try ChildProcess(
      ["openssl", "s_server", "-accept", "\(port)", "-cert", certificate, "-key", key, "-www", "-quiet"],
      log: "\(directory.path)/server")
    let trusting = HTTPClient(Self.patient, trusted: certificate)
    let call = HTTPCall("GET", "https://127.0.0.1:\(port)/")
    var error = await failure(trusting, call)
    while case .refused = error { error = await failure(trusting, call) }
    #expect(error == nil, "\(server.log)")
    // The system does not know who made the certificate; and it is for another name than this.
    for (client, url) in [(HTTPClient(Self.patient), call.url), (trusting, "https://localhost:\(port)/")] {
      guard case .untrusted = await failure(client, HTTPCall("GET", url)) else {
        Issue.record("\(url) was trusted")
        continue
      }
    }
    // Whoever does not speak TLS is no such server.
    let plain = try ScriptedServer(.close(after: Self.answer))
    _ = try #require(await failure(HTTPClient(Self.hasty), HTTPCall("GET", "https://127.0.0.1:\(plain.port)/")))
    _ = try await server.stop()
  }
}
