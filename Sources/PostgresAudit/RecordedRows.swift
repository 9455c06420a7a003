internal import Accounting
internal import Market
internal import Postgres
internal import PostgresStore

/// Where an event or trade stands in a shard's history.
struct TimelinePlace: Comparable, Sendable {
  var sequence: Int64
  var ordinal: Int32

  static func < (a: TimelinePlace, b: TimelinePlace) -> Bool { (a.sequence, a.ordinal) < (b.sequence, b.ordinal) }
}

/// All columns of an event but its time. Raw values, so that even nonsense can be read and told.
struct RecordedEvent: RecordedRow {
  var shard: Int16
  var place: TimelinePlace
  var kind: Int16
  var reason: Int16
  var side: Int16
  var instrument: Int32
  var account: Int64
  var order: UniqueID
  var price: Int64
  var quantity: Int64
  var filled: Int64
  var leaves: Int64

  init(_ rows: PostgresRows, _ row: Int) {
    shard = rows.int2(row, 0)
    place = TimelinePlace(sequence: rows.int8(row, 1), ordinal: rows.int4(row, 2))
    kind = rows.int2(row, 3)
    reason = rows.int2(row, 4)
    side = rows.int2(row, 5)
    instrument = rows.int4(row, 6)
    account = rows.int8(row, 7)
    order = UniqueID(rows.uuid(row, 8))
    price = rows.int8(row, 9)
    quantity = rows.int8(row, 10)
    filled = rows.int8(row, 11)
    leaves = rows.int8(row, 12)
  }

  init(_ event: OrderEvent) {
    shard = event.shard.rawValue
    place = TimelinePlace(sequence: event.sequence.rawValue, ordinal: event.ordinal)
    kind = Int16(event.kind.rawValue)
    reason = Int16(event.reason)
    side = Int16(event.side.rawValue)
    instrument = event.instrument.rawValue
    account = event.account.rawValue
    order = event.order
    price = event.price.rawValue
    quantity = event.quantity.rawValue
    filled = event.filled.rawValue
    leaves = event.leaves.rawValue
  }

  var name: String { "shard \(shard) sequence \(place.sequence) ordinal \(place.ordinal)" }

  var text: String {
    "kind \(kind) reason \(reason) of order \(order) (account \(account), instrument \(instrument), side \(side)): "
      + "\(quantity) at \(price), filled \(filled), leaves \(leaves)"
  }
}

/// All columns of a trade but its time.
struct RecordedTrade: RecordedRow {
  var shard: Int16
  var place: TimelinePlace
  var takerSide: Int16
  var instrument: Int32
  var buyOrder: UniqueID
  var buyer: Int64
  var sellOrder: UniqueID
  var seller: Int64
  var price: Int64
  var quantity: Int64

  init(_ rows: PostgresRows, _ row: Int) {
    shard = rows.int2(row, 0)
    place = TimelinePlace(sequence: rows.int8(row, 1), ordinal: rows.int4(row, 2))
    takerSide = rows.int2(row, 3)
    instrument = rows.int4(row, 4)
    buyOrder = UniqueID(rows.uuid(row, 5))
    buyer = rows.int8(row, 6)
    sellOrder = UniqueID(rows.uuid(row, 7))
    seller = rows.int8(row, 8)
    price = rows.int8(row, 9)
    quantity = rows.int8(row, 10)
  }

  init(_ trade: Trade) {
    shard = trade.shard.rawValue
    place = TimelinePlace(sequence: trade.sequence.rawValue, ordinal: trade.ordinal)
    takerSide = Int16(trade.taker.rawValue)
    instrument = trade.instrument.rawValue
    buyOrder = trade.buyOrder
    buyer = trade.buyer.rawValue
    sellOrder = trade.sellOrder
    seller = trade.seller.rawValue
    price = trade.price.rawValue
    quantity = trade.quantity.rawValue
  }

  var name: String { "shard \(shard) sequence \(place.sequence) ordinal \(place.ordinal)" }

  var text: String {
    "\(quantity) at \(price) in instrument \(instrument), buy \(buyOrder) of \(buyer), sell \(sellOrder) of \(seller), "
      + "taker side \(takerSide)"
  }
}

/// What a book and the stored order must agree on.
struct RecordedOrder: RecordedRow {
  /// The log row that gave an order its place, its rank among those that entered by that row, and its name.
  struct Place: Comparable, Sendable {
    var priority: Int64
    var activation: Int32
    var order: UniqueID

    static func < (a: Place, b: Place) -> Bool {
      (a.priority, a.activation, a.order) < (b.priority, b.activation, b.order)
    }
  }

  var place: Place
  var order: UniqueID
  var account: Int64
  var instrument: Int32
  var side: Int16
  var price: Int64
  var quantity: Int64
  var filled: Int64
  var value: Int64

  init(_ rows: PostgresRows, _ row: Int) {
    order = UniqueID(rows.uuid(row, 1))
    place = Place(priority: rows.int8(row, 0), activation: rows.int4(row, 9), order: order)
    account = rows.int8(row, 2)
    instrument = rows.int4(row, 3)
    side = rows.int2(row, 4)
    price = rows.int8(row, 5)
    quantity = rows.int8(row, 6)
    filled = rows.int8(row, 7)
    value = rows.int8(row, 8)
  }

  init(_ order: OpenOrder) {
    place = Place(priority: order.priority.rawValue, activation: order.activation, order: order.id)
    self.order = order.id
    account = order.account.rawValue
    instrument = order.instrument.rawValue
    side = Int16(order.side.rawValue)
    price = order.price.rawValue
    quantity = order.quantity.rawValue
    filled = order.filled.rawValue
    value = order.filledValue.rawValue
  }

  var name: String { order.description }

  var text: String {
    "order \(order) of account \(account) in instrument \(instrument), side \(side): \(quantity) at \(price), filled "
      + "\(filled) worth \(value), place \(place.priority)/\(place.activation)"
  }
}
