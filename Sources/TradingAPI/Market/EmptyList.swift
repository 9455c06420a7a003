/// What clients of markets with companies, screens and newspapers ask for: here there is nothing of it, which is an answer
/// and no error. Each list is empty in the shape that clients read.
enum EmptyList: String, Hashable, CaseIterable {
  case news = "/v1beta1/news"
  case mostActives = "/v1beta1/screener/stocks/most-actives"
  case movers = "/v1beta1/screener/stocks/movers"
  case corporateActions = "/v1/corporate-actions"
  case corporateActionsBeta = "/v1beta1/corporate-actions"

  /// The path.
  var path: String { rawValue }

  /// The answer; `moment` is now as it is written on the wire.
  func body(_ moment: String) -> [UInt8] {
    switch self {
    case .news: Array(#"{"news":[],"next_page_token":null}"#.utf8)
    case .mostActives: Array(#"{"most_actives":[],"last_updated":"\#(moment)"}"#.utf8)
    case .movers: Array(#"{"gainers":[],"losers":[],"market_type":"stocks","last_updated":"\#(moment)"}"#.utf8)
    case .corporateActions, .corporateActionsBeta: Array(#"{"corporate_actions":{},"next_page_token":null}"#.utf8)
    }
  }
}
