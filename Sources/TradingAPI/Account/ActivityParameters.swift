internal import APIKit
internal import ClientKit
internal import Market
internal import Ports

/// What a list of activities was asked for.
enum ActivityParameters {
  /// Most activities on a page.
  static let maximumPage = 100

  /// Types that clients know and that do not happen here.
  private static let idle: Set<String> = [
    "ACATC", "ACATS", "CFEE", "CIL", "CSR", "DIV", "DIVCGL", "DIVCGS", "DIVFEE", "DIVFT", "DIVNRA", "DIVROC", "DIVTW",
    "DIVTXEX", "DIVWH", "EXTRD", "FEE", "FXTRD", "INT", "INTNRA", "INTTW", "JNLC", "MA", "MEM", "NC", "OCT", "OPASN",
    "OPCA", "OPCSH", "OPEXC", "OPEXP", "OPTRD", "PTC", "PTR", "REORG", "SC", "SPIN", "SPLIT", "SSO", "SSP", "SWP",
    "VOF", "WH",
  ]

  static func query(
    _ values: QueryValues, type: String?, of account: AccountNumber
  ) throws(APIError) -> ActivityQuery {
    let types = type.map { [$0] } ?? values.list("activity_types")
    let category = try values.word("category") { Category(rawValue: $0) }
    guard types == nil || category == nil || type != nil else {
      throw .field("only one of activity_types or category is accepted", reason: "activity_types_and_category")
    }
    var query = ActivityQuery(account: account, kinds: try kinds(types, category))
    query.after = try values.time("after")
    query.until = try values.time("until")
    if let day = try values.day("date") {
      let start = NewYorkTime.moment(day, hour: 0, minute: 0)
      let end = NewYorkTime.moment(day.advanced(by: 1), hour: 0, minute: 0)
      query.begin(at: start)
      query.until = min(query.until ?? end, end)
    }
    if let order = try values.id("order_id") {
      query.order = order
      query.kinds.formIntersection([.fill])
      // Nothing of an order is told before it was submitted; what has no time in it is no order of ours.
      guard let submitted = order.time else { return ActivityQuery(account: account, kinds: []) }
      query.begin(at: submitted)
    }
    query.ascending = try values.direction() == .ascending
    query.limit = try pageSize(values)
    if let token = values.text("page_token") {
      guard let place = ActivityToken.place(token) else {
        throw .field("invalid page_token", reason: "invalid_page_token")
      }
      query.behind = place
    }
    return query
  }

  /// The flows of cash that a history is to list; nil for none.
  static func cashflows(_ values: QueryValues) throws(APIError) -> [String]? {
    guard let names = values.list("cashflow_types") else { return nil }
    switch names {
    case ["ALL"]: return [AccountActivity.Kind.cashDeposit.rawValue, AccountActivity.Kind.cashWithdrawal.rawValue]
    case ["NONE"], []: return nil
    default:
      let known = idle.union(["CSD", "CSW", "TRANS"])
      guard names.allSatisfy(known.contains) else {
        throw .field("invalid cashflow_types", reason: "invalid_cashflow_types")
      }
      // Each once, in the order in which they were asked for.
      return names.enumerated().filter { names.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }
  }

  private enum Category: String {
    case trades = "trade_activity"
    case others = "non_trade_activity"
  }

  private static func kinds(_ types: [String]?, _ category: Category?) throws(APIError) -> Set<AccountActivity.Kind> {
    switch category {
    case .trades?: return [.fill]
    case .others?: return [.cashDeposit, .cashWithdrawal, .shareJournal]
    case nil: break
    }
    guard let types else { return Set(AccountActivity.Kind.allCases) }
    var kinds: Set<AccountActivity.Kind> = []
    for type in types {
      if let kind = AccountActivity.Kind(rawValue: type) {
        kinds.insert(kind)
      } else if type == "TRANS" {
        kinds.formUnion([.cashDeposit, .cashWithdrawal])
      } else if type == "JNL" {
        kinds.insert(.shareJournal)
      } else if !idle.contains(type) {
        throw .field("invalid activity type", reason: "invalid_activity_type")
      }
    }
    return kinds
  }

  private static func pageSize(_ values: QueryValues) throws(APIError) -> Int {
    let size = try values.integer("page_size", in: 1...999_999_999) ?? maximumPage
    guard size <= maximumPage else {
      throw .field(
        "tried to set the page size to \(size), but the maximum is \(maximumPage)", reason: "page_size_too_large")
    }
    return size
  }
}

/// An activity's identifier on the wire: `yyyyMMddHHmmssfff::uuid`, the time on New York's clocks.
enum ActivityToken {
  private static let separator = "::"
  private static let timeDigits = 17

  static func text(_ activity: AccountActivity) -> String {
    let offset = NewYorkTime.offsetMinutes(at: activity.at)
    let local = activity.at.advanced(byMicroseconds: offset * 60_000_000)
    let milliseconds = local.microseconds(since: local.day.start) / 1000
    let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    let date = local.day.description.filter { $0 != "-" }
    let time = [(seconds / 3600, 2), (seconds / 60 % 60, 2), (seconds % 60, 2), (rest, 3)].map { value, width in
      let digits = String(value)
      return String(repeating: "0", count: width - digits.utf8.count) + digits
    }
    return date + time.joined() + separator + activity.place.id.description
  }

  /// The activity that an identifier names; its time is not needed for that.
  static func place(_ text: String) -> ActivityPlace? {
    let bytes = Array(text.utf8)
    guard bytes.count == timeDigits + 2 + 36, bytes[timeDigits..<timeDigits + 2].elementsEqual(separator.utf8),
      bytes.prefix(timeDigits).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return UniqueID(String(decoding: bytes.dropFirst(timeDigits + 2), as: UTF8.self)).flatMap { ActivityPlace(id: $0) }
  }
}

extension ActivityQuery {
  /// Leaves out what was before a moment; bounds are exclusive.
  fileprivate mutating func begin(at moment: Timestamp) {
    let bound = moment.advanced(byMicroseconds: -1)
    after = after.map { max($0, bound) } ?? bound
  }
}
