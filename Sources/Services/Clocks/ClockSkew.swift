public import Market

/// How far a host's clock is from the database's.
public struct ClockSkew: Hashable, Sendable {
  /// How far it is ahead at least; negative when it is behind. Zero while the journey of the question explains the difference.
  public let ahead: Duration

  /// Compares two clocks by one question.
  /// - Parameters:
  ///   - asked: This host's clock before the question was sent.
  ///   - database: The database's clock when it answered.
  ///   - answered: This host's clock when the answer had come.
  public init(asked: Timestamp, database: Timestamp, answered: Timestamp) {
    // The answer was given between the two moments, whenever that was.
    if database < asked {
      ahead = .microseconds(asked.microseconds(since: database))
    } else if database > answered {
      ahead = .zero - .microseconds(database.microseconds(since: answered))
    } else {
      ahead = .zero
    }
  }

  /// How far it is off, in whichever direction.
  public var size: Duration { ahead < .zero ? .zero - ahead : ahead }

  /// `31.2 s ahead of the database's`
  public var words: String {
    "\(size.secondsText) \(ahead < .zero ? "behind" : "ahead of") the database's"
  }
}
