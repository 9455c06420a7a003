internal import Market

/// Which book belongs to which instrument: books are numbered in the order in which their instruments are first seen.
struct BookIndex {
  /// The instruments of the books.
  private(set) var instruments: [InstrumentID] = []
  /// Open addressing with linear probing, at most half full: number of the book plus one, 0 for an empty entry.
  private var table: [UInt32] = Array(repeating: 0, count: 16)

  /// The book of an instrument, if it has one.
  func book(of instrument: InstrumentID) -> Int? {
    let book = table[entry(of: instrument)]
    return book == 0 ? nil : Int(book) - 1
  }

  /// The book of an instrument, which gets one if it has none.
  mutating func openBook(of instrument: InstrumentID) -> Int {
    if let book = book(of: instrument) { return book }
    instruments.append(instrument)
    if instruments.count * 2 > table.count {
      table = Array(repeating: 0, count: table.count * 2)
      for book in instruments.indices { table[entry(of: instruments[book])] = UInt32(book + 1) }
    } else {
      table[entry(of: instrument)] = UInt32(instruments.count)
    }
    return instruments.count - 1
  }

  private func entry(of instrument: InstrumentID) -> Int {
    let mixed = UInt64(UInt32(bitPattern: instrument.rawValue)) &* 0x9E37_79B9_7F4A_7C15
    var entry = Int(truncatingIfNeeded: mixed &>> UInt64(64 - table.count.trailingZeroBitCount))
    while table[entry] != 0, instruments[Int(table[entry]) - 1] != instrument {
      entry = (entry + 1) & (table.count - 1)
    }
    return entry
  }
}
