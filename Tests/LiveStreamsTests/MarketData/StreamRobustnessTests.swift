import JSON
import MessagePack
import TestKit
import Testing

@testable import LiveStreams

/// Whatever a client of the data stream says, the conversation goes on or is ended in order.
@Suite struct StreamRobustnessTests {
  /// Messages of the data stream, in both formats: each is read or refused, whatever the state of the conversation.
  @Test(arguments: [StreamFormat.json, .messagePack]) func anyStreamMessageIsReadOrRefused(format: StreamFormat) {
    var (random, seed) = SeededRandom.fuzzing("messages of the data stream")
    let texts = [
      #"{"action":"auth","key":"KEYA","secret":"secret-a"}"#,
      #"{"action":"subscribe","trades":["AAPL","*"],"quotes":["MSFT"],"bars":["*"],"depth":["AAPL"]}"#,
      #"{"action":"unsubscribe","trades":["AAPL"],"quotes":null}"#, #"{"action":"subscribe","trades":[["AAPL"],7,{}]}"#,
    ]
    let originals = texts.map { text -> [UInt8] in
      guard format == .messagePack, let root = try? JSONDocument(Array(text.utf8)).root else { return Array(text.utf8) }
      var writer = MessagePackWriter()
      Self.write(root, &writer)
      return writer.bytes
    }
    var session = DataStreamSession()
    var counts = (read: 0, refused: 0)
    for round in 0..<6_000 {
      if round % 50 == 0 {
        session = DataStreamSession()
        _ = session.handle(.opened(isAuthenticated: random.oneIn(2) ? true : nil))
      }
      let original = random.pick(originals)
      let bytes =
        round % 10 == 0
        ? original
        : round % 10 == 1
          ? (0..<random.number(0...40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
          : random.spoil(original, odd: [0, 0x22, 0x7F, 0x80, 0x90, 0xC1, 0xD9, 0xDB, 0xDD, 0xDF, 0xFF])
      let request = StreamRequest(bytes, format)
      if request == .malformed { counts.refused += 1 } else { counts.read += 1 }
      let steps = session.handle(.said(request))
      if case .authenticate? = steps.first { _ = session.handle(.authenticated(true)) }
      #expect(session.subscriptionCount <= DataStreamSession.subscriptionLimit, "seed \(seed)")
      #expect(
        request != .malformed || steps == [.send([.error(.invalidSyntax)])] || steps.isEmpty, "seed \(seed): \(bytes)")
    }
    #expect(counts.read > 100 && counts.refused > 100, "the mix is rich, seed \(seed)")
  }

  private static func write(_ value: JSONValue, _ writer: inout MessagePackWriter) {
    if let text = value.string {
      writer.string(text)
    } else if let elements = value.array {
      writer.beginArray(elements.count)
      for element in elements { write(element, &writer) }
    } else if let members = value.members {
      writer.beginMap(members.count)
      for (name, member) in members {
        writer.string(name)
        write(member, &writer)
      }
    } else if let number = value.integer {
      writer.integer(number)
    } else {
      writer.null()
    }
  }
}
