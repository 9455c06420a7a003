internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension GatewayService {
  /// Years before and after the present one that the calendar shows.
  /// Days between a trade and its settlement at most, however many holidays there are.
  private static let longestSettlement: Int32 = 14
  private static let calendarYears: (before: Int64, after: Int64) = (10, 5)

  /// `GET /v2/assets`
  func listAssets(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let values = QueryValues(request.query)
    let isActive = try values.word("status") { text -> Bool? in
      switch text {
      case "active", "all": return true
      case "inactive": return false
      default: return nil
      }
    }
    let now = now()
    let table = try await reading { () async throws(StoreError) in try await directory.table(now: now) }
    let hasClass = values.text("asset_class").map { $0 == "us_equity" } ?? true
    // No instrument has any of the attributes that can be asked for.
    guard isActive != false, hasClass, values.text("attributes") == nil else { return .json(200, Array("[]".utf8)) }
    guard let exchange = values.text("exchange") else { return .json(200, assetsBody.bytes(of: table)) }
    var writer = JSONWriter(capacity: 4096)
    writer.assets(table.instruments.filter { $0.wireExchange == exchange })
    return .json(200, writer)
  }

  /// `GET /v2/assets/{symbol_or_asset_id}`
  func showAsset(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let name = request["symbol_or_asset_id"]
    let now = now()
    let instrument = try await reading { () async throws(StoreError) in
      try await directory.instrument(named: name, now: now)
    }
    guard let instrument else { throw .assetNotFound(name) }
    var writer = JSONWriter(capacity: 512)
    writer.asset(instrument)
    return .json(200, writer)
  }

  /// `GET /v2/clock`
  func showClock(_ request: EndpointRequest) -> HTTPResponse {
    let clock = clock
    let now = clock.marketTime(at: now())
    var writer = JSONWriter(capacity: 256)
    writer.clock(clock.state(at: now), now: now)
    return .json(200, writer)
  }

  /// `GET /v2/calendar`
  func showCalendar(_ request: EndpointRequest) throws(APIError) -> HTTPResponse {
    let values = QueryValues(request.query)
    let clock = clock
    let now = clock.marketTime(at: now())
    let year = now.day.civil.year
    let first = Day(year: max(1, year - Self.calendarYears.before), month: 1, day: 1) ?? now.day
    let last = Day(year: min(9999, year + Self.calendarYears.after), month: 12, day: 31) ?? now.day
    let start = max(first, try values.boundary("start") ?? first)
    let end = min(last, try values.boundary("end") ?? last)
    let isBySettlement =
      try values.word("date_type") { ["TRADING": false, "SETTLEMENT": true][$0.uppercased()] } ?? false
    var writer = JSONWriter(capacity: 4096)
    writer.beginArray()
    // Trades are settled some days after: those of earlier days may be settled within the bounds.
    var day = isBySettlement ? start.advanced(by: -Self.longestSettlement) : start
    while day <= end {
      if let session = clock.calendar.session(on: day) {
        let settled = clock.calendar.session(after: day).day
        if !isBySettlement || start <= settled && settled <= end { writer.session(session, settledOn: settled) }
      }
      day = day.advanced(by: 1)
    }
    writer.endArray()
    return .json(200, writer)
  }

  /// `GET /v2/corporate_actions/announcements/{announcement_id}`
  func showAnnouncement(_ request: EndpointRequest) throws(APIError) -> HTTPResponse { throw .announcementNotFound }

  /// `GET /v2/options/contracts/{symbol_or_id}`
  func showOptionContract(_ request: EndpointRequest) throws(APIError) -> HTTPResponse {
    throw .assetNotFound(request["symbol_or_id"])
  }

  /// An answer that is always the same.
  static func constant(_ json: String) -> Endpoint.Handler {
    { _ in { (_) async throws(APIError) in .json(200, Array(json.utf8)) } }
  }

  /// A list of what there is nothing of.
  static func nothing(_ list: EmptyList) -> Endpoint.Handler {
    { gateway in { (_) async throws(APIError) in .json(200, list.body(gateway.now().description)) } }
  }
}
