/// One client's conversation on the data stream: what it says goes in, what is to be done comes out.
struct DataStreamSession {
  /// What happens.
  enum Event: Hashable {
    /// The connection stands; with credentials in its head that were right (true), wrong (false) or absent (nil).
    case opened(isAuthenticated: Bool?)
    /// The client has said something.
    case said(StreamRequest)
    /// What was subscribed to is followed from now on.
    case subscribed(StreamSubscriptions)
    /// Credentials have been looked at: nil when nobody could tell.
    case authenticated(Bool?)
    /// The account has too many streams.
    case crowded
    /// The time for authenticating is over.
    case outOfTime
    /// The client says more than it may.
    case noisy
    /// What a message needs cannot be looked up at present.
    case troubled
  }

  /// What is to be done, in order.
  enum Step: Hashable {
    case send([StreamElement])
    case authenticate(key: String, secret: String)
    /// These are all subscriptions now; `added` are new among them. To be answered by ``Event/subscribed(_:)``, when all
    /// that happens from then on will be told.
    case subscribe(StreamSubscriptions, added: StreamSubscriptions)
    case close
  }

  /// Most subscriptions of a connection: pairs of channel and symbol.
  static let subscriptionLimit = 10_000

  /// How often a client may be wrong about its key.
  static let attempts = 3

  private enum State {
    case waiting
    case checking
    case open
    case closed
  }

  private var state = State.waiting
  private(set) var subscriptions: StreamSubscriptions = [:]
  private var failures = 0

  /// Whether the client may still authenticate and has not.
  var isWaiting: Bool { state == .waiting || state == .checking }

  /// Whether the client has authenticated.
  var isOpen: Bool { state == .open }

  /// How many pairs of channel and symbol it is subscribed to.
  var subscriptionCount: Int { subscriptions.values.reduce(0) { $0 + $1.count } }

  /// Takes an event in.
  mutating func handle(_ event: Event) -> [Step] {
    guard state != .closed else { return [] }
    switch event {
    case .opened(let isAuthenticated):
      let hello = Step.send([.success(.connected)])
      guard let isAuthenticated else { return [hello] }
      state = .checking
      return [hello] + handle(.authenticated(isAuthenticated))
    case .said(let request): return said(request)
    case .subscribed(let all): return [.send([.subscriptions(all)])]
    case .authenticated(let isRight): return authenticated(isRight)
    case .crowded: return end(.connectionLimit)
    case .outOfTime: return isWaiting ? end(.authenticationTimeout) : []
    case .noisy: return end(.tooManyMessages)
    case .troubled: return [.send([.error(.internalError)])]
    }
  }

  private mutating func said(_ request: StreamRequest) -> [Step] {
    switch (request, state) {
    case (.malformed, _): return [.send([.error(.invalidSyntax)])]
    case (.authenticate(let key, let secret), .waiting):
      state = .checking
      return [.authenticate(key: key, secret: secret)]
    case (.authenticate, _): return [.send([.error(.alreadyAuthenticated)])]
    case (_, .waiting), (_, .checking): return [.send([.error(.notAuthenticated)])]
    case (.unknownChannel, _): return [.send([.error(.invalidSubscription)])]
    case (.subscribe(var wanted, let hasUnknown), _):
      let refusal = hasUnknown ? [Step.send([.error(.unknownSymbol)])] : []
      // An empty list says nothing, and neither does one of which nothing is left.
      guard !hasUnknown || wanted.values.contains(where: { !$0.isEmpty }) else { return refusal }
      // Who follows trades is told what becomes of them.
      if let trades = wanted[.trades] {
        wanted[.corrections, default: []].formUnion(trades)
        wanted[.cancelErrors, default: []].formUnion(trades)
      }
      return refusal + subscribe(subscriptions.merging(wanted) { $0.union($1) })
    case (.unsubscribe(var unwanted), _):
      if let trades = unwanted[.trades] {
        unwanted[.corrections, default: []].formUnion(trades)
        unwanted[.cancelErrors, default: []].formUnion(trades)
      }
      return subscribe(
        subscriptions.reduce(into: [:]) { left, entry in
          let symbols = entry.value.subtracting(unwanted[entry.key] ?? [])
          if !symbols.isEmpty { left[entry.key] = symbols }
        })
    }
  }

  private mutating func subscribe(_ all: StreamSubscriptions) -> [Step] {
    guard all.values.reduce(0, { $0 + $1.count }) <= Self.subscriptionLimit else {
      return [.send([.error(.symbolLimit)])]
    }
    let added = all.reduce(into: StreamSubscriptions()) { added, entry in
      let symbols = entry.value.subtracting(subscriptions[entry.key] ?? [])
      if !symbols.isEmpty { added[entry.key] = symbols }
    }
    let isChange = all != subscriptions
    subscriptions = all
    // Nobody else is troubled with what changes nothing.
    return isChange ? [.subscribe(all, added: added)] : [.send([.subscriptions(all)])]
  }

  private mutating func authenticated(_ isRight: Bool?) -> [Step] {
    guard state == .checking else { return [] }
    switch isRight {
    case true?:
      state = .open
      return [.send([.success(.authenticated)])]
    case false?:
      // Another try is allowed, as long as there is time.
      state = .waiting
      failures += 1
      guard failures < Self.attempts else { return end(.authenticationFailed) }
      return [.send([.error(.authenticationFailed)])]
    case nil: return end(.internalError)
    }
  }

  private mutating func end(_ fault: StreamFault) -> [Step] {
    state = .closed
    return [.send([.error(fault)]), .close]
  }
}
