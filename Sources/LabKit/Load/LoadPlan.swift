package import Market

/// Decides what a synthetic load sends: new orders that rest or trade, and cancels of orders that are acknowledged.
///
/// A pure value: the same seed and the same answers give the same requests. Resting bids stand below a fixed price and
/// resting offers above it, so that only immediate orders trade; accounts keep to one side.
package struct LoadPlan: Sendable {
  /// Shares of a hundred requests; what is left over are new orders that rest.
  package struct Mix: Sendable, Equatable {
    /// Immediate orders priced to trade with what rests.
    package var marketable: Int
    /// Cancels; as long as nothing rests, new orders instead.
    package var cancels: Int
    /// Looks at the account, its positions, its open orders or one order.
    package var reads: Int

    /// Three new orders that rest, one that trades and three cancels in seven, roughly what exchanges see.
    package static let usual = Mix(marketable: 15, cancels: 40)

    /// A mix; the shares are at most a hundred together.
    package init(marketable: Int, cancels: Int, reads: Int = 0) {
      precondition(
        marketable >= 0 && cancels >= 0 && reads >= 0 && marketable + cancels + reads <= 100,
        "shares of more than a hundred")
      self.marketable = marketable
      self.cancels = cancels
      self.reads = reads
    }
  }

  /// The price around which the load trades.
  static let middle: Int64 = 100 * Decimal4.one
  /// Ticks between the middle and the farthest resting order.
  static let depth: UInt64 = 20
  /// The largest order in shares; the smallest is 1.
  static let largestOrder: UInt64 = 100
  /// Acknowledged orders remembered for cancels; when there are more, older ones stay in the book.
  static let poolLimit = 100_000

  private struct Resting {
    var identifier: String
    var account: Int
  }

  private let symbols: [String]
  private let accounts: AccountSpread
  private let mix: Mix
  private let run: String
  private var random: SplitMix64
  private var resting: [Resting] = []
  private var orders: UInt64 = 0

  /// A plan whose every `client_order_id` begins with `run`, which no two runs against one system may share.
  package init(symbols: [Symbol], accounts: AccountSpread, mix: Mix, run: String, seed: UInt64) {
    precondition(!symbols.isEmpty, "a load needs a symbol")
    self.symbols = symbols.map(\.description)
    self.accounts = accounts
    self.mix = mix
    self.run = run
    random = SplitMix64(seed)
  }

  /// The next request, to be named `token`.
  package mutating func next(token: UInt64) -> TradingRequest {
    let dice = Int(random.next() % 100)
    if dice < mix.cancels, let order = takeResting() {
      return TradingRequest(token: token, account: order.account, call: .cancel(order: order.identifier))
    }
    if dice >= 100 - mix.reads { return TradingRequest(token: token, account: anyAccount(), call: read()) }
    let newOrders = 100 - mix.cancels - mix.reads
    let isMarketable = newOrders > 0 && Int(random.next() % UInt64(newOrders)) < mix.marketable
    return submit(token: token, isMarketable: isMarketable)
  }

  private mutating func anyAccount() -> Int { Int(random.next() % UInt64(accounts.count)) }

  /// Each kind of question as often as the others.
  private mutating func read() -> TradingCall {
    let targets = ["/v2/account", "/v2/positions", "/v2/orders?status=open&limit=50", "/v2/orders?status=all&limit=1"]
    return .read(target: targets[Int(random.next() % UInt64(targets.count))])
  }

  private mutating func submit(token: UInt64, isMarketable: Bool) -> TradingRequest {
    orders += 1
    let side: Side = random.next() % 2 == 0 ? .buy : .sell
    let ticks = isMarketable ? Self.depth : random.next() % Self.depth + 1
    let isAbove = (side == .buy) == isMarketable
    let order = LimitOrder(
      symbol: symbols[Int(random.next() % UInt64(symbols.count))], side: side,
      price: Price(rawValue: Self.middle + (isAbove ? 100 : -100) * Int64(ticks)),
      quantity: Int64(random.next() % Self.largestOrder + 1), isImmediate: isMarketable,
      clientOrderID: "\(run)-\(orders)")
    return TradingRequest(token: token, account: accounts.account(order: orders, side: side), call: .submit(order))
  }

  /// Notes that a resting order is acknowledged and may be canceled.
  package mutating func acknowledged(_ request: TradingRequest, as identifier: String) {
    guard case .submit(let order) = request.call, !order.isImmediate, resting.count < Self.poolLimit else { return }
    resting.append(Resting(identifier: identifier, account: request.account))
  }

  private mutating func takeResting() -> Resting? {
    guard !resting.isEmpty else { return nil }
    let index = Int(random.next() % UInt64(resting.count))
    resting.swapAt(index, resting.count - 1)
    return resting.removeLast()
  }
}

/// Random numbers from a seed (S. Vigna, splitmix64).
struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
