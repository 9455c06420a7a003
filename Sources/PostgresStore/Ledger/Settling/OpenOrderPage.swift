internal import Accounting
internal import Market
internal import Postgres
internal import Sharding

/// Where a page of a shard's open orders begins: behind the order of this key.
struct OpenOrderPlace: Hashable, Comparable, Sendable {
  /// Before every order.
  static let first = OpenOrderPlace(
    account: .min, instrument: .min, side: .min, price: .min, id: UniqueID(high: 0, low: 0))

  var account: Int64
  var instrument: Int32
  var side: Int16
  var price: Int64
  var id: OrderID

  /// In the order of the index.
  static func < (a: Self, b: Self) -> Bool {
    (a.account, a.instrument, a.side, a.price, a.id) < (b.account, b.instrument, b.side, b.price, b.id)
  }

  var parameters: [PostgresParameter] {
    [.int8(account), .int4(instrument), .int2(side), .int8(price), .uuid(id.high, id.low)]
  }
}

extension OpenOrderPlace {
  /// From the first five columns of a row.
  init(_ rows: PostgresRows, _ row: Int) {
    self.init(
      account: rows.int8(row, 0), instrument: rows.int4(row, 1), side: Packed(rows.int8(row, 2))[0],
      price: rows.int8(row, 3), id: UniqueID(rows.uuid(row, 4)))
  }
}

/// What is kept of an open order for finding it.
struct OpenOrderKey: Sendable {
  var place: OpenOrderPlace
  var sequence: Sequence
  var type: Int16
  var timeInForce: Int16
}

/// One page of a shard's open orders.
struct OpenOrderPage: Sendable {
  /// How many there were, those included that stand in no book.
  let count: Int
  /// The last of them.
  let last: OpenOrderPlace?
  /// Those that stand in a book, by the day whose table has their rows.
  private(set) var byDay: [Day: [OpenOrderKey]] = [:]

  /// Takes a page from an answer to ``SettlingStatements/bookPage``.
  /// - Parameters:
  ///   - processed: What comes behind it stands in no book yet.
  ///   - end: What comes behind it is not of the page.
  init(_ rows: PostgresRows, through processed: Sequence, to end: OpenOrderPlace? = nil) {
    var count = rows.count
    if let end { while count > 0, OpenOrderPlace(rows, count - 1) > end { count -= 1 } }
    self.count = count
    last = count > 0 ? OpenOrderPlace(rows, count - 1) : nil
    for row in 0..<count {
      let (sequence, packed) = (Sequence(rawValue: rows.int8(row, 5)), Packed(rows.int8(row, 2)))
      let isQuarantined = packed[3] != 0
      guard sequence <= processed, !isQuarantined else { continue }
      let place = OpenOrderPlace(rows, row)
      // Every order is given an identifier that tells its time.
      byDay[place.id.time?.day ?? Day(rawValue: 0), default: []].append(
        OpenOrderKey(
          place: place, sequence: sequence, type: packed[1], timeInForce: packed[2]))
    }
  }
}

/// The columns of a book's order that its key does not tell.
enum BookColumns {
  private static let ownCount = 9

  static func parameters(_ keys: [OpenOrderKey]) -> [PostgresParameter] {
    [.int8Array(keys.map(\.place.account)), .uuidArray(keys.map { ($0.place.id.high, $0.place.id.low) })]
  }

  /// Reads a row of an answer to ``SettlingStatements/bookRows(day:)`` for `keys`.
  static func read(
    _ rows: PostgresRows, _ row: Int, of keys: [OpenOrderKey], in shard: Shard
  ) throws(PostgresError) -> OrderRecord {
    let place = rows.int8(row, 0)
    guard place >= 1, place <= keys.count else {
      throw .unknownValue("an order is told as number \(place) of \(keys.count)")
    }
    let (key, packed) = (keys[Int(place) - 1], Packed(rows.int8(row, 1)))
    return try OrderRecord(
      id: key.place.id, account: AccountNumber(rawValue: key.place.account), clientOrderID: rows.text(row, 8),
      instrument: InstrumentID(rawValue: key.place.instrument), shard: shard, sequence: key.sequence,
      priority: Sequence(rawValue: rows.int8(row, 2)),
      terms: OrderTerms(
        stored(key.place.side), Quantity(rawValue: rows.int8(row, 3)), at: Price(rawValue: key.place.price),
        type: stored(key.type), timeInForce: stored(key.timeInForce), postOnly: packed[3] != 0,
        selfTradePrevention: stored(packed[0])),
      filled: Quantity(rawValue: rows.int8(row, 4)),
      filledValue: Money(rawValue: rows.int8(row, 5)), status: stored(packed[1]),
      pending: stored(packed[2]), replaces: rows.isNull(row, 7) ? nil : UniqueID(rows.uuid(row, 7)),
      replacedBy: nil, updatedAt: Timestamp(rawValue: rows.timestamp(row, 6)), closedAt: nil,
      conditions: ConditionColumns.read(rows, row, from: ownCount))
  }
}

/// Four small numbers in one column, the first in the lowest bits.
private struct Packed {
  private let bits: Int64

  init(_ bits: Int64) { self.bits = bits }

  subscript(place: Int) -> Int16 { Int16(truncatingIfNeeded: bits >> (16 * place)) }
}
