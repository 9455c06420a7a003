/// Who may use which connection of a pool, and who waits for one: events in, what to do out.
struct PoolQueue {
  /// Names one who waits.
  typealias Caller = UInt64

  /// What one is told who asks for a connection.
  enum Answer: Hashable {
    /// The connection of this place is the caller's until it is given back.
    case take(Int)
    /// All are in use; the caller waits behind those who came before.
    case wait
    /// So many wait already that no more may.
    case full
    /// Nothing is lent any more.
    case closed
  }

  /// Places that nobody uses, in the order in which they are lent from the end: those that broke last come last.
  private var idle: [Int]
  /// Those who wait, the first first. Who has given up is in here still, and no longer in ``waiting``.
  private var line: [Caller] = []
  private var waiting: Set<Caller> = []
  private let maximumWaiting: Int
  private(set) var isClosed = false

  /// A queue for so many connections.
  init(places: Int, maximumWaiting: Int) {
    idle = (0..<places).reversed()
    self.maximumWaiting = maximumWaiting
  }

  /// How many stand in the line, with those who have left it.
  var lineLength: Int { line.count }

  /// How many wait.
  var waitingCount: Int { waiting.count }

  /// One that nobody uses.
  mutating func takeIdle() -> Int? { idle.popLast() }

  /// Somebody asks. Where one is idle, nobody waits: what is given back goes to the first of them.
  mutating func ask(_ caller: Caller) -> Answer {
    if isClosed { return .closed }
    if let place = takeIdle() { return .take(place) }
    guard waiting.count < maximumWaiting else { return .full }
    line.append(caller)
    waiting.insert(caller)
    return .wait
  }

  /// A connection comes back.
  /// - Parameter isBroken: It has to be made anew: others are lent before it.
  /// - Returns: Who gets it now; nil when it is nobody's.
  mutating func giveBack(_ place: Int, isBroken: Bool) -> Caller? {
    if isClosed { return nil }
    while !line.isEmpty {
      let caller = line.removeFirst()
      if waiting.remove(caller) != nil { return caller }
    }
    if isBroken { idle.insert(place, at: 0) } else { idle.append(place) }
    return nil
  }

  /// Somebody has waited long enough.
  /// - Returns: Whether it was waiting still.
  mutating func leave(_ caller: Caller) -> Bool {
    guard waiting.remove(caller) != nil else { return false }
    // Who is behind the gone ones must not keep them alive.
    if line.count > 2 * (waiting.count + 8) { line.removeAll { !waiting.contains($0) } }
    return true
  }

  /// Nothing is lent from now on.
  /// - Returns: Those who waited, the first first, and the places that nobody uses.
  mutating func close() -> (refused: [Caller], idle: [Int]) {
    defer { (line, waiting, idle, isClosed) = ([], [], [], true) }
    return (line.filter(waiting.contains), idle)
  }
}
