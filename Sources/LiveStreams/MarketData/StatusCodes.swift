internal import Market

/// What changes of a status look like on the data stream, by the codes of the tape for NASDAQ's listings.
struct StatusCodes: Hashable {
  /// What has happened.
  var status: String
  /// In words.
  var statusText: String
  /// The reason, in words for people.
  var reason: String
  /// In words.
  var reasonText: String

  /// The codes for what an instrument has come to.
  init(_ status: TradingStatus) {
    (reason, reasonText) = ("", "")
    switch status.state {
    case .closed: (self.status, statusText) = ("C", "Closed")
    case .preOpen: (self.status, statusText) = ("Q", "Quotation Resumption")
    case .open: (self.status, statusText) = ("T", "Trading Resumption")
    case .halted:
      (self.status, statusText) = ("H", "Trading Halt")
      (reason, reasonText) = ("O1", status.haltReason ?? "")
    case .paused:
      (self.status, statusText) = ("P", "Volatility Trading Pause")
      (reason, reasonText) = ("LUDP", status.haltReason ?? "")
    }
  }
}
