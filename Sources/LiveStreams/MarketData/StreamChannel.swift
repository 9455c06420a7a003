/// What a client of the data stream may subscribe to.
enum StreamChannel: String, Hashable, CaseIterable {
  case trades
  case quotes
  case bars
  case updatedBars
  case dailyBars
  /// Halts, pauses and sessions.
  case statuses
  /// Price bands.
  case lulds
  /// What the next auction would lead to.
  case imbalances
  /// The next two never bring anything: there are no such events here.
  case corrections
  case cancelErrors
  /// The whole book, and then what changes of it: a channel of our own.
  case depth

  /// Those that the answer to a subscription lists.
  static let listed: [StreamChannel] = [
    .trades, .quotes, .bars, .updatedBars, .dailyBars, .statuses, .lulds, .imbalances, .corrections, .cancelErrors,
    .depth,
  ]

  /// Whether one subscription may cover all symbols.
  var allowsWildcard: Bool { self != .depth }

  /// Its name in answers.
  var name: StaticString {
    switch self {
    case .trades: return "trades"
    case .quotes: return "quotes"
    case .bars: return "bars"
    case .updatedBars: return "updatedBars"
    case .dailyBars: return "dailyBars"
    case .statuses: return "statuses"
    case .lulds: return "lulds"
    case .imbalances: return "imbalances"
    case .corrections: return "corrections"
    case .cancelErrors: return "cancelErrors"
    case .depth: return "depth"
    }
  }
}

/// Symbols by channel; `*` stands for all.
typealias StreamSubscriptions = [StreamChannel: Set<String>]
