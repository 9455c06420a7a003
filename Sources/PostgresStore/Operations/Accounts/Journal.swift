internal import Market
internal import Postgres

/// A movement of money or shares from or to the outside: lines that sum to zero per asset.
package struct Journal: Hashable, Sendable {
  /// What kind of movement; stored by its raw value.
  enum Kind: String, Sendable {
    case deposit
    case withdrawal
    case grant
  }

  /// One account's part.
  struct Line: Hashable, Comparable, Sendable {
    var account: Int64
    var asset: Int32
    var amount: Int64

    static func < (a: Line, b: Line) -> Bool {
      a.account != b.account ? a.account < b.account : a.asset < b.asset
    }
  }

  /// The house's cash account: what it owes is what accounts hold.
  static let houseCash: Int64 = -1
  /// The house's securities account.
  static let houseSecurities: Int64 = -2
  /// The asset that is cash; others are instruments.
  package static let cash: Int32 = 0

  var kind: Kind
  var reference: String
  /// Ascending by account and asset.
  var lines: [Line]

  private init(_ kind: Kind, _ reference: String, _ asset: Int32, house: Int64, account: AccountNumber, amount: Int64) {
    self.kind = kind
    self.reference = reference
    lines = [
      Line(account: house, asset: asset, amount: -amount),
      Line(account: account.rawValue, asset: asset, amount: amount),
    ]
  }

  static func deposit(_ amount: Money, to account: AccountNumber, reference: String) -> Journal {
    Journal(.deposit, reference, cash, house: houseCash, account: account, amount: amount.rawValue)
  }

  static func withdrawal(_ amount: Money, from account: AccountNumber, reference: String) -> Journal {
    Journal(.withdrawal, reference, cash, house: houseCash, account: account, amount: -amount.rawValue)
  }

  static func grant(
    _ quantity: Quantity, of instrument: InstrumentID, to account: AccountNumber, reference: String
  ) -> Journal {
    Journal(
      .grant, reference, instrument.rawValue, house: houseSecurities, account: account, amount: quantity.rawValue)
  }
}

/// What became of a journal that was to be recorded.
enum JournalEnding: Sendable {
  /// It is recorded now; the balances must follow in the same transaction.
  case recorded
  /// It was recorded before, with equal content.
  case repeated
  /// Its reference stands for something else.
  case contradicted
}

extension Journal {
  /// Records the journal: of two with one reference, the second waits for the first.
  /// - Parameters:
  ///   - moment: Taken under the lock of the account's row, which the caller holds.
  ///   - cost: What shares cost together; nil for cash.
  func record(
    at moment: Timestamp, cost: Money? = nil, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> JournalEnding {
    let inserted = try connection.query(
      PostgresCall(
        AccountStatements.insertJournal,
        [.text(kind.rawValue), .text(reference), .timestamp(microseconds: moment.rawValue)]))
    guard inserted.count == 1 else { return try compared(&connection) }
    _ = try connection.query(
      PostgresCall(
        AccountStatements.insertLines,
        [
          .int8(inserted.int8(0, 0)), .int8Array(lines.map(\.account)), .int4Array(lines.map(\.asset)),
          .int8Array(lines.map(\.amount)), cost.map { .int8($0.rawValue) } ?? .null,
        ]))
    return .recorded
  }

  private func compared(_ connection: inout PostgresConnection) throws(PostgresError) -> JournalEnding {
    let rows = try connection.query(PostgresCall(AccountStatements.findJournal, [.text(reference)]))
    let stored = (0..<rows.count).map {
      Line(account: rows.int8($0, 1), asset: rows.int4($0, 2), amount: rows.int8($0, 3))
    }
    return rows.count > 0 && rows.text(0, 0) == kind.rawValue && stored.sorted() == lines ? .repeated : .contradicted
  }
}
