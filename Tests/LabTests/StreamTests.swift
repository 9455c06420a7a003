import Accounting
import Lifecycle
import Market
import TestKit
import Testing

@testable import LabKit

struct StreamTests {
  private let key = TradingKey(account: "a", key: "KEY", secret: "hush")

  private func id(_ number: Int) -> EventID {
    EventID(at: Timestamp(rawValue: 1_700_000_000_000_000 + Int64(number)), account: AccountNumber(rawValue: 7))
  }

  /// A server's frame: not masked.
  private func frame(_ opcode: UInt8, _ payload: String) -> [UInt8] {
    let count = payload.utf8.count
    let size = count < 126 ? [UInt8(count)] : [126, UInt8(count >> 8), UInt8(count & 0xFF)]
    return [0x80 | opcode] + size + Array(payload.utf8)
  }

  private func update(_ number: Int, padding: Int) -> [UInt8] {
    let rest = String(repeating: "x", count: padding)
    return frame(
      1, #"{"stream":"trade_updates","data":{"event":"new","event_id":"\#(id(number))","order":"\#(rest)"}}"#)
  }

  private func webSocketTalk(events: Int) -> [UInt8] {
    var bytes = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".utf8)
    bytes += frame(1, #"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#)
    bytes += frame(1, #"{"stream":"listening","data":{"streams":["trade_updates"]}}"#)
    for number in 0..<events {
      if number % 5 == 0 { bytes += frame(9, "p\(number)") }
      bytes += update(number, padding: number * 97 % 1500)
    }
    return bytes
  }

  private func eventLines(events: Int) -> [UInt8] {
    var text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: caught up\n\n"
    for number in 0..<events {
      if number % 5 == 0 { text += ": still here\n\n" }
      text += "id: \(id(number))\ndata: {\"a\":\"\(String(repeating: "y", count: number * 97 % 1500))\"}\n\n"
    }
    return Array(text.utf8)
  }

  /// What a dialogue makes of bytes that come in pieces cut at random.
  private func steps(_ kind: StreamKind, _ bytes: [UInt8], longest: Int, seed: UInt64) -> [StreamDialogue.Step] {
    var random = SeededRandom(seed)
    var dialogue = StreamDialogue(kind, key: key, host: "h")
    var steps: [StreamDialogue.Step] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(Int(random.next() % UInt64(longest)) + 1))
      rest = rest.dropFirst(piece.count)
      piece.withUnsafeBytes { dialogue.take($0) { steps.append($0) } }
    }
    return steps
  }

  @Test(arguments: StreamKind.allCases, [1, 2, 3] as [UInt64])
  func piecesOfAnyLengthMeanTheSame(kind: StreamKind, seed: UInt64) {
    print("seed \(seed)")
    let bytes = kind == .websocket ? webSocketTalk(events: 40) : eventLines(events: 40)
    let whole = steps(kind, bytes, longest: 1, seed: seed)
    for longest in [7, 300, 5000, 1 << 20] { #expect(steps(kind, bytes, longest: longest, seed: seed) == whole) }
    let events = whole.compactMap { step in if case .event(let id) = step { id } else { nil as EventID? } }
    #expect(events == (0..<40).map(id))
    #expect(whole.count { $0 == .opened } == 1)
    let opened = whole.firstIndex(of: .opened)!
    #expect(whole[..<opened].allSatisfy { if case .send = $0 { true } else { false } })
  }

  @Test func theClientProvesWhoItIsListensAndAnswersPings() {
    let sent = steps(.websocket, webSocketTalk(events: 1), longest: 64, seed: 1).compactMap { step in
      if case .send(let bytes) = step { bytes } else { nil as [UInt8]? }
    }
    #expect(sent.count == 3)
    #expect(unmasked(sent[0]).contains(#""secret":"hush""#) && unmasked(sent[1]).contains("trade_updates"))
    #expect(sent[2][0] == 0x8A && unmasked(sent[2]) == "p0")
  }

  @Test func refusalsAndClosesEndTheStreamOnce() {
    let cases: [(StreamKind, [UInt8], String)] = [
      (.sse, Array("HTTP/1.1 503 Service Unavailable\r\n\r\n".utf8), "answered 503"),
      (.websocket, Array("HTTP/1.1 200 OK\r\n\r\n".utf8), "answered 200"),
      (
        .websocket,
        Array("HTTP/1.1 101 S\r\n\r\n".utf8)
          + frame(1, #"{"stream":"authorization","data":{"status":"unauthorized"}}"#), "not authorized"
      ),
      (.websocket, webSocketTalk(events: 0) + frame(8, "\u{3}\u{69}slow"), "closed with 873 slow"),
      (.websocket, webSocketTalk(events: 0) + frame(1, #"{"stream":"trade_updates"}"#), "an event without an id"),
      (.sse, eventLines(events: 0) + Array("id: 0\ndata: {}\n\n".utf8), "an event without an id"),
    ]
    for (kind, bytes, reason) in cases {
      let more = kind == .sse ? Array("id: \(id(1))\ndata: {}\n\n".utf8) : update(1, padding: 9)
      let all = steps(kind, bytes + more, longest: 1 << 20, seed: 1)
      #expect(all.last == .ended(reason), "\(all)")
      #expect(all.count { if case .ended = $0 { true } else { false } } == 1)
    }
  }

  private func unmasked(_ frame: [UInt8]) -> String {
    let start = frame[1] & 0x7F < 126 ? 2 : 4
    let mask = frame[start..<(start + 4)]
    let text = frame[(start + 4)...].enumerated().map { $0.element ^ mask[start + $0.offset % 4] }
    return String(decoding: text, as: UTF8.self)
  }
}

struct StreamVerdictTests {
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func everyFaultIsCountedAsWhatItIs(seed: UInt64) {
    print("seed \(seed)")
    var random = SeededRandom(seed)
    let expected = (0..<200).map { Int64($0 * 10) }
    var received = expected
    #expect(StreamVerdict(received: received, expected: expected) == StreamVerdict())
    var wanted = StreamVerdict()
    for _ in 0..<(Int(random.next() % 5) + 1) {
      received.remove(at: Int(random.next() % UInt64(received.count)))
      wanted.missing += 1
    }
    for _ in 0..<(Int(random.next() % 5) + 1) {
      received.append(received[1 + Int(random.next() % 99)])
      wanted.doubled += 1
    }
    received.append(7)
    wanted.unknown = 1
    received.append(received.removeFirst())
    wanted.outOfOrder = 1
    #expect(StreamVerdict(received: received, expected: expected) == wanted)
  }

  @Test func nothingReceivedIsAllMissing() {
    var sum = StreamVerdict(received: [], expected: [1, 2, 3])
    sum.add(StreamVerdict(received: [1], expected: [1, 2]))
    #expect(sum.missing == 4 && sum.doubled + sum.outOfOrder + sum.unknown == 0)
  }
}

struct StreamOptionTests {
  private func options(_ words: [String]) throws(CommandLineExit) -> StreamOptions {
    var line = CommandLineOptions("streams", "", words, environment: [:])
    let options = StreamOptions(&line)
    try line.finish()
    return options
  }

  @Test func streamsAreSpreadOverAccountsGatewaysAndKinds() throws {
    let options = try options(["--streams", "120", "--stream-urls", "http://a:1,http://b:2"])
    let places = options.places(accounts: 10, gateways: 2)
    for account in 0..<10 {
      let mine = places.filter { $0.account == account }
      #expect(mine.count == 12)
      for kind in StreamKind.allCases { #expect(mine.count { $0.kind == kind } == 6) }
      for gateway in 0..<2 { #expect(mine.count { $0.gateway == gateway } == 6) }
    }
    #expect(options.gateways.map(\.port) == [1, 2])
  }

  @Test(arguments: [(1, 100), (99, 100), (100, 100), (10_000, 100), (10_000, 7)])
  func theSampleHasTheSizeThatWasAskedFor(count: Int, sample: Int) throws {
    let options = try options(["--streams", "\(count)", "--sample", "\(sample)"])
    #expect((0..<count).count { options.isSample($0) } == min(count, sample))
  }

  @Test(arguments: [
    ["--streams", "0"], ["--kind", "carrier-pigeon"], ["--stream-urls", "http://a,"], ["--stream-urls", "https://a"],
    ["--sample", "0"],
  ])
  func nonsenseIsRefused(words: [String]) {
    #expect(throws: CommandLineExit.self) { try options(words) }
  }

  @Test func memoryIsReadFromTheRollup() {
    let text = """
      55e0-7ffd ---p 00000000 00:00 0                          [rollup]
      Rss:              123456 kB
      Pss:               65432 kB
      Pss_Dirty:         60000 kB

      """
    let memory = ProcessMemory(rollup: text)
    #expect(memory == ProcessMemory(resident: 123_456, proportional: 65_432))
    #expect(ProcessMemory(rollup: "Rss: 12 kB\n") == nil && ProcessMemory.of([]) == nil)
    #expect(memory?.most(.init(resident: 1, proportional: 70_000)) == .init(resident: 123_456, proportional: 70_000))
  }

  @Test func filesThatMayBeOpenAreNoShortage() {
    #expect(OpenFiles.shortage(of: 16) == nil)
    #expect(OpenFiles.shortage(of: 1 << 40) != nil)
  }
}
