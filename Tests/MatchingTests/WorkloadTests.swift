import Recordings
import EngineLab
import Foundation
import Market
import Matching
import Testing

/// Workloads and their digests.
@Suite struct WorkloadTests {
  /// The digest of the reference on the same commands.
  private func referenceDigest(_ workload: some Workload) throws -> WorkloadDigest {
    var workload = workload
    var commands: [BookCommand] = []
    try workload.next(.max, into: &commands)
    var reference = NaiveEngine()
    var digest = WorkloadDigest()
    digest.add(reference.apply(commands), of: commands.count)
    return digest
  }

  @Test func generatedFlowIsTheSameEverywhere() throws {
    let measured = try EngineMeasurement(GeneratedFlow(commands: 30_000, symbols: 3, seed: 1), batch: 1_000)
    #expect(measured.digest.commands == 30_000)
    #expect(measured.digest.trades > 1_000)
    #expect(measured.digest.cancelsMissed > 100)
    let again = try EngineMeasurement(GeneratedFlow(commands: 30_000, symbols: 3, seed: 1), batch: 7)
    #expect(measured.digest == again.digest)
    let other = try EngineMeasurement(GeneratedFlow(commands: 30_000, symbols: 3, seed: 2), batch: 1_000)
    #expect(measured.digest.tradeHash != other.digest.tradeHash)
  }

  @Test func engineAndReferenceHaveTheSameDigest() throws {
    let flow = GeneratedFlow(commands: 3_000, symbols: 2, seed: 3, standing: 300)
    let reference = try referenceDigest(flow)
    let measured = try EngineMeasurement(flow, batch: 50).digest
    #expect(
      (reference.trades, reference.tradeHash, reference.notional, reference.cancelsDone)
        == (measured.trades, measured.tradeHash, measured.notional, measured.cancelsDone))
  }

  @Test func workloadFileIsRead() throws {
    var file = Data("MEWL0001".utf8)
    func add<each Integer: FixedWidthInteger>(_ values: repeat each Integer) {
      for value in repeat each values { withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) } }
    }
    func record(_ op: UInt8, _ side: UInt8, _ symbol: UInt16, _ id: UInt32, _ price: Int32, _ quantity: UInt32) {
      add(op, side, symbol, id, price, quantity)
    }
    add(UInt32(1), UInt32(2), UInt64(5), UInt64(0), UInt32(3), Int32(99), Int32(101), UInt32(2), UInt64(0), UInt64(0))
    record(0, 1, 0, 1, 100, 50)
    record(0, 0, 1, 2, 100, 50)
    record(0, 0, 0, 3, 101, 30)
    record(1, 0, 0, 1, 0, 0)
    record(1, 0, 0, 1, 0, 0)
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("small.mewl").path
      try file.write(to: URL(fileURLWithPath: path))
      let digest = try EngineMeasurement(try MEWLFile(path), batch: 2).digest
      #expect((digest.commands, digest.trades, digest.quantity, digest.notional) == (5, 1, 30, 3_000))
      #expect((digest.cancelsDone, digest.cancelsMissed, digest.quantityCanceled, digest.resting) == (1, 1, 20, 1))
      var hash = Fingerprint()
      for value in [UInt32(1), 3, 100, 30] { hash.add(value) }
      #expect(digest.tradeHash == hash)
      var resting = Fingerprint()
      resting.add(UInt16(1))
      resting.add(UInt16(0))
      for value in [UInt32(2), 100, 50] { resting.add(value) }
      #expect(digest.restingHash == resting)

      let cut = folder.appendingPathComponent("cut.mewl").path
      try file.dropLast(3).write(to: URL(fileURLWithPath: cut))
      #expect(throws: RecordingError.unreadable(cut, "it ends 1 commands too early")) {
        _ = try EngineMeasurement(try MEWLFile(cut), batch: 2)
      }
      let other = folder.appendingPathComponent("other.mewl").path
      try Data("something else".utf8).write(to: URL(fileURLWithPath: other))
      #expect(throws: RecordingError.self) { _ = try MEWLFile(other) }
    }
  }

  /// The digest that every right engine has on this workload. Too long for every run of a debug build.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["BUTTONWOOD_TEST_COMMANDS"] != nil))
  func sharedWorkloadHasTheKnownDigest() throws {
    guard let path = Shared.path("data/mixed.mewl.gz") else { return }
    let digest = try EngineMeasurement(try MEWLFile(path), batch: 4_096).digest
    #expect((digest.trades, digest.quantity, digest.notional) == (147_560, 2_494_074, 249_599_786_747))
    #expect(digest.tradeHash.value == 0xDB65_D002_7B64_9EEF)
    #expect((digest.cancelsDone, digest.cancelsMissed) == (403_009, 44_543))
  }
}
