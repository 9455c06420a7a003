package import Recordings
internal import Market
package import Matching

/// A workload for matching engines in the format MEWL, version 1, plain or gzip.
///
/// Little endian. A header of 64 bytes: `MEWL0001`, u32 version, u32 symbols, u64 commands, u64 warm, u32 highest order id,
/// i32 lowest price, i32 highest price, u32 peak of resting orders, u64 seed, u64 reserved. Then records of 16 bytes:
/// u8 operation (0 limit order, 1 cancel), u8 side (0 buy, 1 sell), u16 symbol, u32 order id, i32 price, u32 quantity.
package struct MEWLFile: Workload {
  static let headerSize = 64
  static let recordSize = 16

  package let name: String
  /// How many commands the file holds.
  package let commands: UInt64
  private let reader: GzipReader
  private var buffer: [UInt8] = []
  private var position = 0
  private var rest: UInt64

  /// Opens a file and reads its header.
  package init(_ path: String) throws(RecordingError) {
    name = path
    reader = try GzipReader(path)
    while buffer.count < MEWLFile.headerSize, try reader.read(into: &buffer) {}
    guard buffer.starts(with: "MEWL0001".utf8), buffer.count >= MEWLFile.headerSize else {
      throw .wrongFormat(path, "not a MEWL workload: the file must begin with MEWL0001")
    }
    commands = MEWLFile.integer(buffer, 16)
    rest = commands
    position = MEWLFile.headerSize
  }

  package mutating func next(_ limit: Int, into commands: inout [BookCommand]) throws(RecordingError) {
    for _ in 0..<limit where rest > 0 {
      try fill()
      commands.append(try command(number: self.commands - rest + 1))
      position += MEWLFile.recordSize
      rest -= 1
    }
  }

  private mutating func fill() throws(RecordingError) {
    guard buffer.count - position < MEWLFile.recordSize else { return }
    buffer.removeFirst(position)
    position = 0
    while buffer.count < MEWLFile.recordSize {
      guard try reader.read(into: &buffer) else { throw .unreadable(name, "it ends \(rest) commands too early") }
    }
  }

  private func command(number: UInt64) throws(RecordingError) -> BookCommand {
    let key: UInt32 = MEWLFile.integer(buffer, position + 4)
    let symbol: UInt16 = MEWLFile.integer(buffer, position + 2)
    let instrument = InstrumentID(rawValue: Int32(symbol))
    switch (buffer[position], buffer[position + 1]) {
    case (0, 0), (0, 1):
      let price: Int32 = MEWLFile.integer(buffer, position + 8)
      let quantity: UInt32 = MEWLFile.integer(buffer, position + 12)
      return .place(
        OrderKey(key), buffer[position + 1] == 0 ? .buy : .sell, Quantity(rawValue: Int64(quantity)),
        at: Price(rawValue: Int64(price)), in: instrument)
    case (1, _): return .cancel(OrderKey(key), in: instrument)
    default: throw .unreadable(name, "command \(number) is neither a limit order nor a cancel")
    }
  }

  private static func integer<Integer: FixedWidthInteger>(_ bytes: [UInt8], _ start: Int) -> Integer {
    var value: Integer = 0
    for offset in (0..<MemoryLayout<Integer>.size).reversed() {
      value = value << 8 | Integer(truncatingIfNeeded: bytes[start + offset])
    }
    return value
  }
}
