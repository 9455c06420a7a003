import Foundation
import Glibc
import JSON
import Lifecycle
import Testing

@testable import Telemetry

struct TelemetryLogTests {
  private func record(_ message: String, _ fields: Log.Fields = [:], time: Int64 = 1_700_000_000_123_456) -> LogRecord {
    LogRecord(time: time, level: .notice, message: message, fields: fields.map(LogField.init))
  }

  private func parsed(_ record: LogRecord) throws -> JSONValue {
    let line = record.jsonLine
    #expect(line.last == UInt8(ascii: "\n") && line.count(where: { $0 == UInt8(ascii: "\n") }) == 1)
    #expect(line.count <= LogRecord.maximumLineBytes)
    return try JSONDocument(Array(line.dropLast())).root
  }

  @Test func numbersAndTruthValuesAreBareAndTextIsQuoted() throws {
    let value = try parsed(
      record("claimed a shard", ["shard": 3, "epoch": Int64.min, "late": true, "name": "7", "odd": -0.5]))
    #expect(value["time"]?.string == "2023-11-14T22:13:20.123456Z")
    #expect(value["level"]?.string == "notice")
    #expect(value["message"]?.string == "claimed a shard")
    #expect(value["shard"]?.integer == 3)
    #expect(value["epoch"]?.integer == .min)
    #expect(value["late"]?.bool == true)
    #expect(value["name"]?.string == "7")
    #expect(value["odd"]?.string == "-0.5")
  }

  @Test func anyTextComesBackFromItsLine() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let scalars = (0..<Int.random(in: 0...60, using: &random)).compactMap { _ in
        Unicode.Scalar(Bool.random(using: &random) ? UInt32.random(in: 0..<0x80) : UInt32.random(in: 0..<0x11_0000))
      }
      let text = String(String.UnicodeScalarView(scalars))
      guard Redaction.hidingPasswords(in: text) == text else { continue }
      let value = try parsed(record(text, ["field": text]))
      #expect(value["message"]?.string == text)
      #expect(value["field"]?.string == text)
      let readable = String(decoding: record(text, ["field": text]).readableLine, as: UTF8.self)
      #expect(readable.dropLast().unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
  }

  @Test func aLineIsNeverLongerThanAPipeTakesAtOnce() throws {
    let long = String(repeating: "\u{1}é", count: 2000)
    let value = try parsed(record(long, ["a": long, "b": long, "c": 1]))
    #expect(value["truncated"]?.bool == true)
    #expect(record(long, ["a": long, "b": long]).readableLine.count <= LogRecord.maximumLineBytes)
  }

  @Test(arguments: [
    ("postgresql://bob:hunter2@db:5432/x", "postgresql://bob:***@db:5432/x"),
    ("redis://:hunter2@cache/0 and redis://cache", "redis://:***@cache/0 and redis://cache"),
    ("at postgres://a:hun/ter2@h/d, twice: http://u:hunter2@h", "at postgres://a:***@h/d, twice: http://u:***@h"),
    ("host=db password=hunter2 user=bob", "host=db password=*** user=bob"),
    ("http://host:8080/path?q=a:b", "http://host:8080/path?q=a:b"),
  ])
  func passwordsAreHidden(_ text: String, _ shown: String) throws {
    #expect(Redaction.hidingPasswords(in: text) == shown)
    #expect(try parsed(record(text))["message"]?.string == shown)
  }

  @Test func fieldsNamedAfterSecretsAreHidden() throws {
    let value = try parsed(record("m", ["api_secret": "x1", "Authorization": "x2", "token": 33, "key_id": "PK1"]))
    for name in ["api_secret", "Authorization", "token"] { #expect(value[name]?.string == "***") }
    #expect(value["key_id"]?.string == "PK1")
  }

  @Test func messagesBelowTheMinimumAreNotEvenMade() {
    let count = Lock(0)
    let log = Log(minimum: .warning) { _ in count.withLock { $0 += 1 } }
    log.info("\(Issue.record("made"))")
    log.warning("one")
    log.error("two")
    #expect(count.withLock { $0 } == 2)
  }

  @Test func fixedFieldsStandInEveryMessage() {
    let seen = Lock<[LogRecord]>([])
    let log = Log(fields: ["role": "worker"]) { record in seen.withLock { $0.append(record) } }.with(["shard": 3])
    log.info("a", ["epoch": 7])
    #expect(seen.withLock { $0 }.map { $0.fields.map(\.name) } == [["role", "shard", "epoch"]])
  }

  @Test func aStalledReaderCostsLinesNotTime() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let sink = LogSink(descriptor: ends[1])
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: LogRecord.maximumLineBytes - 1) + [UInt8(ascii: "\n")]
    for _ in 0..<100 { sink.write(line) }
    let dropped = sink.droppedLines
    #expect(dropped > 50)
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    _ = read(ends[0], &buffer, buffer.count)
    sink.write(line)
    #expect(sink.droppedLines == 0)
    let count = read(ends[0], &buffer, buffer.count)
    let note = try JSONDocument(Array(buffer[..<count].prefix { $0 != UInt8(ascii: "\n") })).root
    #expect(note["lines"]?.integer == Int64(dropped))
  }
}
