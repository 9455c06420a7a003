internal import Market

/// The engine at work: carries out commands of a batch on the spans of its slots.
struct Matcher: ~Copyable, ~Escapable {
  /// How far a batch has come.
  struct Progress {
    /// The first command that is not carried out.
    var next = 0
    /// The order of the command before, if it waits for room for the events of further trades.
    var incoming: Incoming?
  }

  /// The most events that a command gives beside those of its trades, and the most that one step of trading gives
  /// together with the end of the order.
  static let eventsPerStep = 4

  var orders: OrderPool
  var ladder: PriceLadder
  private let books: BookIndex
  private var lastInstrument: InstrumentID?
  private var lastBook = 0

  @_lifetime(copy orders, copy ladder)
  init(orders: consuming OrderPool, ladder: consuming PriceLadder, books: BookIndex) {
    self.orders = orders
    self.ladder = ladder
    self.books = books
  }

  /// Carries out commands from `progress.next` to before `limit`, for as long as there is room for their events and
  /// their instruments have books.
  mutating func run(
    _ commands: Span<BookCommand>, _ progress: inout Progress, until limit: Int, _ events: inout OutputSpan<BookEvent>
  ) {
    if let incoming = progress.incoming {
      progress.incoming = nil
      enter(incoming, &progress, &events)
    }
    while progress.next < limit, events.freeCapacity >= Matcher.eventsPerStep, progress.incoming == nil {
      let command = commands[progress.next]
      let position = Int32(truncatingIfNeeded: progress.next)
      switch command.kind {
      case .place:
        guard let book = book(of: command.instrument) else { return }
        place(command, position, SideIndex(book: book, command.side), &progress, &events)
      case .cancel: cancel(command, position, &events)
      case .reduce: reduce(command, position, &events)
      case .replace: replace(command, position, &progress, &events)
      }
      progress.next += 1
    }
  }

  private mutating func book(of instrument: InstrumentID) -> Int? {
    if instrument == lastInstrument { return lastBook }
    guard let book = books.book(of: instrument) else { return nil }
    lastInstrument = instrument
    lastBook = book
    return book
  }

  private mutating func place(
    _ command: BookCommand, _ position: Int32, _ book: SideIndex, _ progress: inout Progress,
    _ events: inout OutputSpan<BookEvent>
  ) {
    guard command.isEnterable else { return reject(command, .invalid, position, &events) }
    let entry = orders.entry(of: command.order)
    guard orders.slot(at: entry) == 0 else { return reject(command, .duplicateOrder, position, &events) }
    let incoming = Incoming(command, at: position, book: book)
    let crosses = ladder.bestRank(book.opposite) <= incoming.limit
    if crosses, command.postOnly { return reject(command, .postOnlyWouldTrade, position, &events) }
    events.append(
      BookEvent(
        kind: .accepted, side: command.side, command: position, order: command.order, price: command.price,
        quantity: command.quantity, leaves: command.quantity))
    if !crosses, incoming.mayRest {
      rest(incoming, at: entry)
    } else {
      enter(incoming, wholly: command.timeInForce == .fok, &progress, &events)
    }
  }

  private func reject(
    _ command: BookCommand, _ reason: BookEvent.Reason, _ position: Int32, _ events: inout OutputSpan<BookEvent>
  ) {
    events.append(
      BookEvent(
        kind: .rejected, reason: reason, side: command.side, command: position, order: command.order,
        price: command.price, quantity: command.quantity))
  }

  /// Puts what is left of an order at the back of its level; `entry` is where its key belongs.
  @inline(__always)
  mutating func rest(_ incoming: Incoming, at entry: Int) {
    let level = ladder.level(Rank(incoming.price, incoming.side), incoming.book, incoming.instrument)
    let slot = orders.take(at: entry)
    let last = ladder[level].youngest
    var node = OrderNode()
    node.key = incoming.key
    node.account = incoming.account
    node.leaves = incoming.leaves
    node.filled = incoming.filled
    node.older = last
    node.level = level
    node.selfTradePrevention = incoming.selfTradePrevention
    orders[slot] = node
    if last == 0 { ladder[level].oldest = slot } else { orders[last].younger = slot }
    ladder[level].youngest = slot
    ladder[level].total += incoming.leaves
  }

  /// Takes the order that `entry` leads to out of the book.
  @inline(__always)
  mutating func remove(at entry: Int) {
    let node = orders[orders.slot(at: entry)]
    orders.free(at: entry)
    if node.older == 0 { ladder[node.level].oldest = node.younger } else { orders[node.older].younger = node.younger }
    if node.younger == 0 { ladder[node.level].youngest = node.older } else { orders[node.younger].older = node.older }
    ladder[node.level].total -= node.leaves
    if ladder[node.level].oldest == 0 { ladder.close(node.level) }
  }
}
