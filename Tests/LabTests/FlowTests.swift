import Recordings
import Foundation
import Market
import Testing

@testable import LabKit

struct FlowTests {
  @Test func lobsterRowsBecomeActions() throws {
    func row(_ text: String) throws -> FlowAction { try LobsterRow.parse(Array(text.utf8)[...], number: 1).action }
    let order = FlowOrder(id: 16, side: .buy, price: Price(rawValue: 5_853_300), quantity: 18, fills: [])
    #expect(try row("34200.004241176,1,16,18,5853300,1") == .enter(order))
    let fill = FlowFill(maker: 16, price: Price(rawValue: 5_853_300), quantity: 8)
    let taker = FlowOrder(id: 0, side: .sell, price: Price(rawValue: 5_853_300), quantity: 8, fills: [fill])
    #expect(try row("34200.1,4,16,8,5853300,1,extra") == .take(taker))
    #expect(try row("34200,2,16,8,5853300,1") == .reduce(order: 16, by: 8))
    #expect(try row("34200,3,16,8,5853300,1") == .cancel(order: 16))
    #expect(try row("34200,5,0,8,5853300,-1") == .skip(.hiddenExecution))
    #expect(try row("34200,7,0,0,-1,-1") == .skip(.halt))
    #expect(try LobsterRow.parse(Array("34200.00426064,3,1,1,1,1".utf8)[...], number: 9).time == 34_200_004_260_640)
  }

  @Test(arguments: [
    "", "x,1,16,18,5853300,1", "34200,9,16,18,5853300,1", "34200,1,16,18,5853300", "34200,1,0,18,5853300,1",
    "34200,1,16,18,5853300,2", "34200,1,16,1e3,5853300,1", "-1,1,16,18,5853300,1",
  ])
  func otherLobsterRowsAreRefused(text: String) {
    #expect(throws: MalformedRow.self) { try LobsterRow.parse(Array(text.utf8)[...], number: 1) }
  }

  @Test func commandRowsBecomeActions() throws {
    let text = "3,34500000197595,IOC,0,B,2887300,30,M,3,13:2887300:20|14:2887400:10,0,0,0,2887400,75,"
    let row = try CommandsRow.parse(Array(text.utf8)[...], number: 3)
    #expect(row.time == 34_500_000_197_595)
    guard case .take(let order) = row.action else {
      Issue.record("not an aggressor")
      return
    }
    #expect(order.side == .buy && order.filledAtOnce == 30 && order.fills.map(\.maker) == [13, 14])
    for bad in ["1,2,FOO,1,B,1,1,M,1,,", "1,2,NEW,1,X,1,1,M,1,,", "1,2,NEW,1,B,0,1,M,1,,", "1,2,IOC,0,B,1,1,M,1,1:2,"] {
      #expect(throws: MalformedRow.self) { try CommandsRow.parse(Array(bad.utf8)[...], number: 1) }
    }
  }

  @Test func plainAndCompressedFilesReadAlikeAcrossChunks() throws {
    let lines = (1...20_000).map { "34200.\($0),1,\($0),100,5850000,\($0 % 2 == 0 ? 1 : -1)" }
    try withFiles(["plain.csv": lines.joined(separator: "\r\n")]) { paths in
      let plain = paths["plain.csv"]!
      try compress(plain)
      for path in [plain, plain + ".gz"] {
        let file = try FlowFile(path)
        #expect(file.format == .lobster)
        var numbers: [UInt64] = []
        while let row = try file.next() { if case .enter(let order) = row.action { numbers.append(order.id) } }
        #expect(numbers == Array(1...20_000))
        #expect(try FlowFile.countRows(path, format: nil, limit: nil) == 20_000)
        #expect(try FlowFile.countRows(path, format: nil, limit: 7) == 7)
      }
    }
  }

  @Test func damagedFilesAreNamed() throws {
    let lines = (1...5000).map { "34200.\($0),1,\($0),100,5850000,1" }.joined(separator: "\n")
    try withFiles(["a.csv": lines, "bad.csv": "34200,1,1,1,1,1\nx\n", "odd.txt": "hello\n"]) { paths in
      try compress(paths["a.csv"]!)
      let whole = try Data(contentsOf: URL(fileURLWithPath: paths["a.csv"]! + ".gz"))
      let cut = paths["a.csv"]! + ".cut.gz"
      try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: cut))
      #expect(throws: RecordingError.self) { try FlowFile.countRows(cut, format: .lobster, limit: nil) }
      #expect(throws: RecordingError.unreadable("/nowhere", "No such file or directory")) { try FlowFile("/nowhere") }
      let unknown = "cannot tell the format; give --format lobster or --format commands"
      #expect(throws: RecordingError.wrongFormat(paths["odd.txt"]!, unknown)) { try FlowFile(paths["odd.txt"]!) }
      let bad = try FlowFile(paths["bad.csv"]!)
      _ = try bad.next()
      #expect(throws: RecordingError.malformed(paths["bad.csv"]!, line: 2, "the time is not a number of seconds")) {
        _ = try bad.next()
      }
    }
  }

  @Test func formatIsTakenFromTheHeaderOrTheName() {
    func guess(_ line: String, _ name: String) -> FlowFormat? {
      FlowFormat.guess(firstLine: Array(line.utf8)[...], name: name)
    }
    #expect(guess("seq,ts_ns,cmd,order_id,side,price,qty,origin", "x") == .commands)
    #expect(guess("34200.0,1,2,3,4,1", "x") == .lobster)
    #expect(guess("", "a.commands.csv.gz") == .commands)
    #expect(guess("", "AAPL_message_50.csv") == .lobster)
    #expect(guess("a,b", "x.csv") == nil)
  }
}

func withFiles(_ files: [String: String], _ body: ([String: String]) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  var paths: [String: String] = [:]
  for (name, text) in files {
    paths[name] = folder.appendingPathComponent(name).path
    try text.write(toFile: paths[name]!, atomically: false, encoding: .utf8)
  }
  try body(paths)
}

/// Makes `path.gz` beside `path`.
private func compress(_ path: String) throws {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["gzip", "-k", path]
  try process.run()
  process.waitUntilExit()
  try #require(process.terminationStatus == 0)
}
