public import Market

/// How an operator names an account: by its identifier or by its number.
public enum AccountName: Hashable, Sendable, CustomStringConvertible {
  /// The public identifier, a UUID.
  case id(UniqueID)
  /// The internal number.
  case number(AccountNumber)

  /// Reads a UUID or a number; nil when it is neither.
  public init?(_ text: some StringProtocol) {
    if let id = UniqueID(text) {
      self = .id(id)
    } else if let number = Int64(text), number > 0 {
      self = .number(AccountNumber(rawValue: number))
    } else {
      return nil
    }
  }

  /// As the operator wrote it.
  public var description: String {
    switch self {
    case .id(let id): id.description
    case .number(let number): number.description
    }
  }
}
