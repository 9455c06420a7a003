import Recordings
import EngineLab
import Foundation
import Testing

/// Recorded streams of a venue against the engine.
@Suite struct StreamTests {
  static let fixture = "AAPL_2019-12-30_first20000.commands.csv.gz"

  static func fixturePath() throws -> String {
    try #require(
      Bundle.module.path(forResource: fixture, ofType: nil, inDirectory: "Fixtures"), "the fixture is not there")
  }

  @Test func everyFillAndBookOfTheRecordingAgrees() throws {
    var check = StreamCheck()
    try check.run(try StreamTests.fixturePath(), depth: nil)
    #expect(check.differences == [])
    #expect(check.tally.commands == 20_000)
    #expect((check.tally.fillsExpected, check.tally.fillsEqual) == (837, 837))
    #expect((check.tally.booksExpected, check.tally.booksEqual) == (20_000, 20_000))
  }

  @Test(arguments: ["AAPL_2019-01-30_28s_ITCH"])
  func sharedStreamsAgree(name: String) throws {
    guard let path = Shared.path("data/\(name).commands.csv.gz") else { return }
    var check = StreamCheck()
    try check.run(path, depth: Shared.path("data/\(name).depth.csv.gz"))
    #expect(check.differences == [])
    #expect(check.tally.depthsEqual > 0)
    #expect(check.tally.depthsEqual == check.tally.depthsExpected)
  }

  static let header = "seq,ts_ns,cmd,order_id,side,price,qty,origin,row,fills,rest,bid,bid_qty,ask,ask_qty,truth"
  static let depthHeader =
    "seq,row,truth_levels,"
    + (1...10).map { "bid\($0)_px,bid\($0)_qty,ask\($0)_px,ask\($0)_qty" }.joined(separator: ",")
  static let rows = [
    "1,5,NEW,11,S,1005,20,M,1,,20,0,0,1005,20,",
    "2,6,NEW,12,S,1006,30,M,2,,30,0,0,1005,20,T",
    "3,7,NEW,13,B,1006,30,M,3,11:1005:20|12:1006:10,0,0,0,1006,20,",
    "4,7,REDUCE,12,S,1006,5,M,4,,0,0,0,1006,15,",
    "5,8,IOC,0,B,1006,5,M,5,12:1006:5,0,0,0,1006,10,",
    "6,9,CANCEL,12,S,1006,0,M,6,,0,0,0,0,0,",
  ]

  private func check(_ rows: [String], depth: [String]? = nil) throws -> StreamCheck {
    try withTemporaryFolder { folder in
      let stream = folder.appendingPathComponent("a.commands.csv")
      try ([StreamTests.header] + rows).joined(separator: "\n").write(to: stream, atomically: true, encoding: .utf8)
      let snapshots = folder.appendingPathComponent("a.depth.csv")
      try ([StreamTests.depthHeader] + (depth ?? [])).joined(separator: "\r\n")
        .write(to: snapshots, atomically: true, encoding: .utf8)
      var check = StreamCheck()
      try check.run(stream.path, depth: depth == nil ? nil : snapshots.path)
      return check
    }
  }

  @Test func everyKindOfRowIsCarriedOut() throws {
    let depth = ["2,2,0,0,0,1005,20,0,0,1006,30" + String(repeating: ",0,0,0,0", count: 8)]
    let check = try check(StreamTests.rows, depth: depth)
    #expect(check.differences == [])
    #expect((check.tally.fillsExpected, check.tally.depthsEqual) == (3, 1))
  }

  /// A wrong number anywhere in the expectations is found.
  @Test(arguments: [
    (2, "11:1005:20|", "11:1005:19|"), (2, "11:1005:20|", "12:1005:20|"), (2, "11:1005:20|", ""),
    (2, "12:1006:10", "12:1006:10|12:1006:1"), (1, "0,0,1005,20,T", "0,0,1005,21,T"), (0, ",,20,0,0", ",,19,0,0"),
    (0, "0,0,1005", "1,1,1005"), (3, "REDUCE,12", "REDUCE,13"), (5, "CANCEL,12", "CANCEL,14"),
  ])
  func aDifferenceIsFound(row: Int, right: String, wrong: String) throws {
    var rows = StreamTests.rows
    try #require(rows[row].contains(right))
    rows[row] = rows[row].replacingOccurrences(of: right, with: wrong)
    let check = try check(rows)
    #expect(check.tally.differences > 0)
    #expect(check.differences.first?.contains("row \(row + 1),") == true)
  }

  @Test(arguments: [
    (1, "NEW", "NOW", "there is no command \"NOW\""), (2, ",B,", ",b,", "side must be B or S"),
    (3, ",5,M", ",x,M", "price and qty must be whole numbers"),
    (2, "11:1005:20|", "11:1005|", "a fill must be maker:price:quantity"),
    (0, ",20,\n", "", "there must be 16 fields"), (0, ",11,", ",0,", "order_id must be above 0"),
  ])
  func malformedRowNamesItsLine(row: Int, right: String, wrong: String, message: String) throws {
    var rows = StreamTests.rows
    rows[row] =
      right.hasSuffix("\n")
      ? String(rows[row].dropLast()) : rows[row].replacingOccurrences(of: right, with: wrong)
    let error = #expect(throws: RecordingError.self) { _ = try check(rows) }
    guard case .malformed(_, let line, let what) = error else {
      Issue.record("not malformed: \(String(describing: error))")
      return
    }
    #expect((line, what) == (row + 2, message))
  }

  @Test func otherFilesAreNamedAsSuch() throws {
    #expect(throws: RecordingError.self) { _ = try StreamFile("/nonexistent") }
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("x.csv").path
      try "time,type\n1,2\n".write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: RecordingError.self) { _ = try StreamFile(path) }
      #expect(error.map { "\($0)" }?.contains("not a stream of commands") == true)
      let whole = try Data(contentsOf: URL(fileURLWithPath: try StreamTests.fixturePath()))
      let cut = folder.appendingPathComponent("cut.commands.csv.gz")
      try whole.prefix(100_000).write(to: cut)
      var check = StreamCheck()
      #expect(throws: RecordingError.self) { try check.run(cut.path, depth: nil) }
    }
  }
}
