internal import Market

/// The engine at work: carries out commands of a batch on the spans of its slots.
///
/// What happens most often, an order that rests at once and a cancel, is one straight piece of code in ``run``; all else
/// is called, with the batch and the place of the command in it.
struct Matcher: ~Copyable, ~Escapable {
  /// How far a batch has come.
  struct Progress {
    /// The first command that is not carried out.
    var next = 0
    /// The order of the command before, if it waits for room for the events of further trades.
    var waiting: Incoming?
  }

  /// The most events that a command gives beside those of its trades, and the most that one step of trading gives
  /// together with the end of the order.
  static let eventsPerStep = 4

  var orders: OrderPool
  var ladder: PriceLadder
  var progress: Progress
  private let books: BookIndex
  /// The instrument of the last new order and its book; those of a batch often come one after the other.
  private var instrument: InstrumentID?
  private var book: UInt32 = 0

  @_lifetime(copy orders, copy ladder)
  init(
    orders: consuming OrderPool, ladder: consuming PriceLadder, books: BookIndex, progress: Progress = Progress()
  ) {
    self.orders = orders
    self.ladder = ladder
    self.books = books
    self.progress = progress
  }

  /// Carries out commands from `progress.next` to before `limit`, for as long as there is room for their events and
  /// their instruments have books.
  mutating func run(_ commands: Span<BookCommand>, until limit: Int, _ events: inout OutputSpan<BookEvent>) {
    if let waiting = progress.waiting.take(), !resume(waiting, &events) { return }
    while progress.next < limit, events.freeCapacity >= Matcher.eventsPerStep {
      let room = events.freeCapacity / Matcher.eventsPerStep
      let end = min(limit, progress.next &+ room)
      guard run(commands.extracting(progress.next..<end), at: progress.next, &events) else { return }
    }
  }

  /// Carries out the stretch of the batch that begins at `start`, for all of which there is room, to its end or to the
  /// first command that may have traded; false if it cannot go on.
  private mutating func run(
    _ commands: Span<BookCommand>, at start: Int, _ events: inout OutputSpan<BookEvent>
  ) -> Bool {
    for index in commands.indices {
      let number = Int32(truncatingIfNeeded: start &+ index)
      if commands[index].kind == .place {
        guard commands[index].instrument == instrument || turn(to: commands[index].instrument) else {
          progress.next = start &+ index
          return false
        }
        let side = SideIndex(book, commands[index].side)
        if !place(commands, index, number, side, &events) {
          progress.next = start &+ index &+ 1
          return enter(commands, index, number, side, &events)
        }
      } else if commands[index].kind == .cancel {
        cancel(commands, index, number, &events)
      } else {
        progress.next = start &+ index &+ 1
        return change(commands, index, number, &events)
      }
    }
    progress.next = start &+ commands.count
    return true
  }

  @inline(never)
  private mutating func resume(_ waiting: Incoming, _ events: inout OutputSpan<BookEvent>) -> Bool {
    var incoming = waiting
    return enter(&incoming, &events)
  }

  /// Makes the book of `instrument` the one at hand; false if it has none.
  @inline(never)
  private mutating func turn(to instrument: InstrumentID) -> Bool {
    guard let book = books.book(of: instrument) else { return false }
    self.instrument = instrument
    self.book = UInt32(truncatingIfNeeded: book)
    return true
  }

  /// Carries out a command of the rarer kinds; false if its order waits for room for the events of further trades.
  @inline(never)
  private mutating func change(
    _ commands: Span<BookCommand>, _ index: Int, _ number: Int32, _ events: inout OutputSpan<BookEvent>
  ) -> Bool {
    if commands[index].kind == .replace { return replace(commands[index], number, &events) }
    reduce(commands[index], number, &events)
    return true
  }
}
