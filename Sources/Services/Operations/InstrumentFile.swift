internal import Market
package import Ports

/// A list of instruments as comma-separated values (RFC 4180) with the header `symbol,name,exchange,reference_price`.
package enum InstrumentFile {
  /// The first line.
  package static let header = "symbol,name,exchange,reference_price"
  /// The largest file, in bytes.
  package static let maximumBytes = 16 * 1024 * 1024
  /// Most mistakes that are listed.
  package static let maximumMistakes = 100

  /// Everything that is wrong with a file, each with its line number.
  package struct Mistakes: Error, Hashable, Sendable {
    /// One sentence a mistake, in the order of lines.
    package var lines: [String]
  }

  /// Reads a file.
  /// - Throws: ``Mistakes``; then no part of it is of use.
  package static func parse(_ text: String) throws(Mistakes) -> [InstrumentListing] {
    var mistakes: [String] = []
    var listings: [InstrumentListing] = []
    var lineOf: [Symbol: Int] = [:]
    let records = CSVText.records(text)
    guard let first = records.first, first.fields?.joined(separator: ",").lowercased() == header else {
      throw Mistakes(lines: ["line 1: the header is not \(header)"])
    }
    for record in records.dropFirst() where record.fields != [""] {
      do throws(InstrumentListing.Refusal) {
        let listing = try listing(record)
        if let earlier = lineOf.updateValue(record.line, forKey: listing.symbol) {
          mistakes.append("line \(record.line): \(listing.symbol) stands on line \(earlier) already")
        }
        listings.append(listing)
      } catch {
        mistakes.append("line \(record.line): \(error)")
      }
    }
    guard mistakes.isEmpty else {
      let more = mistakes.count - maximumMistakes
      throw Mistakes(lines: mistakes.prefix(maximumMistakes) + (more > 0 ? ["and \(more) more"] : []))
    }
    return listings
  }

  private static func listing(_ record: CSVText.Record) throws(InstrumentListing.Refusal) -> InstrumentListing {
    guard let fields = record.fields else {
      throw InstrumentListing.Refusal(description: "a quoted field does not end, or is followed by text")
    }
    guard fields.count == 4 else {
      throw InstrumentListing.Refusal(description: "there are \(fields.count) fields, not 4")
    }
    return try InstrumentListing(symbol: fields[0], name: fields[1], exchange: fields[2], referencePrice: fields[3])
  }
}
