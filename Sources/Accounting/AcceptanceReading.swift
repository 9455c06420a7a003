public import Market

/// What has to be read before a batch of requests can be judged: the questions whose answers an ``AcceptanceSnapshot`` holds.
///
/// Questions that nobody asks are left out. They are answered in one transaction, accounts and positions with their rows
/// locked, in the order of the properties. A batch that replaces something needs two readings, because what is to be replaced
/// tells whose position, whose bounds and which other orders are in question. Nothing of an account's orders changes between
/// the two: settling takes the lock on the account before it changes them.
public struct AcceptanceReading: Hashable, Sendable {
  /// An order that may meet an open order of its own account.
  public struct Comer: Hashable, Sendable {
    /// The place of its request in the batch.
    public var request: Int
    /// Which log it goes to.
    public var shard: Shard
    /// Whose it is.
    public var account: AccountNumber
    /// What it trades.
    public var instrument: InstrumentID
    /// Whether it buys or sells.
    public var side: Side
    /// The worst price at which it trades.
    public var price: Price
    /// How long it lives.
    public var timeInForce: TimeInForce

    /// Names an order.
    public init(
      request: Int, shard: Shard, account: AccountNumber, instrument: InstrumentID, side: Side, price: Price,
      timeInForce: TimeInForce
    ) {
      self.request = request
      self.shard = shard
      self.account = account
      self.instrument = instrument
      self.side = side
      self.price = price
      self.timeInForce = timeInForce
    }
  }

  /// Accounts, in order; to be locked.
  public var accounts: [AccountNumber] = []
  /// Positions, in order; to be locked.
  public var positions: [AcceptanceSnapshot.PositionKey] = []
  /// Request keys that may have been used before.
  public var keys: [AcceptanceSnapshot.KeyName] = []
  /// Orders that requests name (``AcceptanceSnapshot/targets``).
  public var orders: [OrderName] = []
  /// Orders that matter while they are open (``AcceptanceSnapshot/targets``).
  public var openOrders: [OrderName] = []
  /// Orders of whose classes all orders are to be named (``AcceptanceSnapshot/classOrders``).
  public var classes: [OrderName] = []
  /// Shards of which it matters how far they have been processed, in order.
  public var processed: [Shard] = []
  /// Instruments of which it matters whether their orders are collected, in order.
  public var collecting: [InstrumentID] = []
  /// Orders that may meet others of their own accounts.
  public var comers: [Comer] = []
  /// Accounts and instruments whose bounds count, in order.
  public var bounds: [AcceptanceSnapshot.PositionKey] = []

  /// The days of the orders that are named.
  public var days: Set<Day> { orders.days.union(openOrders.days) }

  /// The first reading of a batch. It is the only one where nothing is to be replaced.
  public init(of requests: [AcceptanceRequest]) {
    let locks = AcceptanceLocks(of: requests)
    accounts = locks.accounts
    keys = requests.flatMap(\.keyNames)
    orders = locks.orders
    let replaces = requests.compactMap(\.replaceRequest)
    guard replaces.isEmpty else {
      classes = replaces.map(\.targetName)
      processed = Set(replaces.map(\.target.shard)).sorted()
      return
    }
    positions = locks.positions
    ask(for: requests, [])
  }

  /// The second reading; nil where nothing is to be replaced.
  ///
  /// Nothing more is asked of what is not there or belongs to somebody else: its replacement is refused.
  /// - Parameter known: What the first reading has found.
  public init?(of requests: [AcceptanceRequest], after known: AcceptanceSnapshot) {
    let replaces = requests.enumerated().compactMap { index, request in
      request.replaceRequest.map { (index: index, request: $0, target: known.targets[$0.target]) }
    }
    guard !replaces.isEmpty else { return nil }
    let own = replaces.compactMap { replace -> (index: Int, request: ReplaceRequest, target: OrderRecord)? in
      guard let target = replace.target, target.account == replace.request.account else { return nil }
      return (replace.index, replace.request, target)
    }
    let replaced = own.map {
      AcceptanceSnapshot.PositionKey(account: $0.target.account, instrument: $0.target.instrument)
    }
    // A replacement may need more shares than the order before it held.
    positions = Set(AcceptanceLocks(of: requests).positions + replaced).sorted()
    openOrders = known.classOrders
    collecting = replaces.filter { $0.request.changes.timeInForce?.isImmediate == true }.compactMap {
      $0.target?.instrument
    }
    comers = own.compactMap { replace in
      // At its old price an order stands already, and what waits outside the book is met when it enters.
      guard let price = replace.request.changes.price, replace.target.phase == .working else { return nil }
      return Comer(
        request: replace.index, shard: replace.target.shard, account: replace.target.account,
        instrument: replace.target.instrument, side: replace.target.side, price: price,
        timeInForce: replace.request.changes.timeInForce ?? replace.target.timeInForce)
    }
    ask(for: requests, replaced)
  }

  /// Adds what new orders have to be judged by, and the bounds of what is replaced.
  private mutating func ask(for requests: [AcceptanceRequest], _ replaced: [AcceptanceSnapshot.PositionKey]) {
    let places = requests.enumerated().compactMap { index, request in
      request.placeRequest.map { (index: index, request: $0) }
    }
    let immediate = places.map(\.request).filter(\.timeInForce.isImmediate).map(\.instrument)
    collecting = Set(collecting + immediate).sorted()
    let careful = places.filter(\.request.refusesOwn)
    comers =
      careful.map { place in
        Comer(
          request: place.index, shard: place.request.shard, account: place.request.account,
          instrument: place.request.instrument, side: place.request.side, price: place.request.price,
          timeInForce: place.request.timeInForce)
      } + comers
    bounds = Set(places.map(\.request.position) + replaced).sorted()
  }
}

extension AcceptanceRequest {
  /// The request as a new order; nil when it is none.
  fileprivate var placeRequest: PlaceRequest? { if case .place(let place) = self { place } else { nil } }

  /// The request as a replacement; nil when it is none.
  fileprivate var replaceRequest: ReplaceRequest? { if case .replace(let replace) = self { replace } else { nil } }

  /// The keys that the request brings: an idempotency key, and the client's names of its orders.
  fileprivate var keyNames: [AcceptanceSnapshot.KeyName] {
    let keys: [RequestKey]
    switch self {
    case .place(let place):
      keys = [place.idempotencyKey, place.clientKey].compactMap { $0 } + place.legs.map(\.clientKey)
    case .replace(let replace): keys = [replace.idempotencyKey, replace.clientKey].compactMap { $0 }
    case .cancel: keys = []
    }
    return keys.map { .init(account: account, digest: $0.digest) }
  }
}
