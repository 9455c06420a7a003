internal import Market

/// What one settling transaction still takes in.
///
/// A command of an account is a command. Parts of an expiry or an auction are as much work as the orders that they concern, for the database;
/// steps and halts as the orders that stand there, for the worker, who answers nobody meanwhile. Whatever it is, the first is
/// taken.
struct BatchBudget {
  private var commands: Int
  private var expiring: Int
  private var collected: Int
  private var hasHeavy = false

  init(_ settings: ExecutionSettings) {
    commands = settings.batchLimit
    expiring = settings.expiryLimit
    collected = settings.collectLimit
  }

  /// Whether a command is taken in; then there is less room.
  /// - Parameter weight: About how many orders it concerns beyond its own.
  mutating func admits(_ command: Command, weight: Int) -> Bool {
    guard commands > 0 else { return false }
    if weight > 0 {
      guard !hasHeavy || weight <= (command.isPart ? expiring : collected) else { return false }
      hasHeavy = true
      if command.isPart { expiring -= weight } else { collected -= weight }
    }
    commands -= 1
    return true
  }
}

extension Command {
  fileprivate var isPart: Bool {
    switch self {
    case .expire, .cross: true
    case .place, .cancel, .replace, .step, .halt, .band: false
    }
  }
}
