internal import APIKit

extension Endpoint {
  /// What is traded, and when.
  static let market: [Endpoint] = [
    Endpoint(
      .get, "/v2/assets", .anyKey(GatewayService.listAssets),
      APIOperation(
        name: "listAssets", tag: "Assets", summary: "Lists what is traded.",
        parameters: [
          .query("status", .word(["active", "inactive", "all"]), "All are active."),
          .query("asset_class", .string(), "us_equity is all there is."),
          .query("exchange", .string(), "Only those that are listed there."),
          .query("attributes", .string(), "No asset has any."),
        ], answer: .init(200, "Assets.", .array(.named("Asset"))), refusals: [422])),
    Endpoint(
      .get, "/v2/assets/{symbol_or_asset_id}", .anyKey(GatewayService.showAsset),
      APIOperation(
        name: "getAsset", tag: "Assets",
        summary: "Shows an asset.",
        parameters: [.path("symbol_or_asset_id", .string(limit: 1...64), "Either will do.")],
        answer: .init(200, "The asset.", .named("Asset")), refusals: [404])),
    Endpoint(
      .get, "/v2/clock", .anyKey(GatewayService.showClock),
      APIOperation(
        name: "getClock", tag: "Calendar", summary: "Tells whether the market is open.",
        answer: .init(200, "The clock.", .named("Clock")))),
    Endpoint(
      .get, "/v2/calendar", .anyKey(GatewayService.showCalendar),
      APIOperation(
        name: "getCalendar", tag: "Calendar", summary: "Lists days of trading.",
        parameters: [
          .query("start", .date, "The first day."), .query("end", .date, "The last day."),
          .query("date_type", .word(["TRADING", "SETTLEMENT"]), "Which day of each is meant; TRADING by default."),
        ], answer: .init(200, "Days, in New York's time.", .array(.named("CalendarDay"))), refusals: [422])),
    Endpoint(
      .get, "/v2/corporate_actions/announcements", .anyKey(GatewayService.constant("[]")),
      APIOperation(
        name: "listAnnouncements", tag: "Assets",
        summary: "Lists corporate actions: there are none.",
        answer: .init(200, "An empty list.", .array(.object([]))))),
    Endpoint(
      .get, "/v2/corporate_actions/announcements/{announcement_id}", .anyKey(GatewayService.showAnnouncement),
      APIOperation(
        name: "getAnnouncement",
        tag: "Assets", summary: "Shows a corporate action: there are none.",
        parameters: [.path("announcement_id", .string(limit: 1...64), "Any.")],
        answer: .init(200, "Never.", .object([])), refusals: [404])),
    Endpoint(
      .get, "/v2/options/contracts",
      .anyKey(GatewayService.constant(#"{"option_contracts":[],"next_page_token":null}"#)),
      APIOperation(
        name: "listOptionContracts", tag: "Assets",
        summary: "Lists options: there are none.",
        answer: .init(
          200, "An empty list.",
          .object([.always("option_contracts", .array(.object([]))), .always("next_page_token", .null)])))),
    Endpoint(
      .get, "/v2/options/contracts/{symbol_or_id}", .anyKey(GatewayService.showOptionContract),
      APIOperation(
        name: "getOptionContract", tag: "Assets",
        summary: "Shows an option: there are none.",
        parameters: [.path("symbol_or_id", .string(limit: 1...64), "Any.")],
        answer: .init(200, "Never.", .object([])), refusals: [404])),
    nothing(.news, "listNews", "News", [.always("news", .array(.object([]))), .always("next_page_token", .null)]),
    nothing(
      .mostActives, "listMostActives", "The most active stocks",
      [.always("most_actives", .array(.object([]))), .always("last_updated", .time)]),
    nothing(
      .movers, "listMovers", "Gainers and losers",
      [
        .always("gainers", .array(.object([]))), .always("losers", .array(.object([]))),
        .always("market_type", .word(["stocks"])), .always("last_updated", .time),
      ]),
    nothing(.corporateActions, "listCorporateActions", "Corporate actions", corporateActions),
    nothing(.corporateActionsBeta, "listCorporateActionsBeta", "Corporate actions, by an older path", corporateActions),
  ]

  private static let corporateActions: [APIProperty] = [
    .always("corporate_actions", .object([])), .always("next_page_token", .null),
  ]

  private static func nothing(
    _ list: EmptyList, _ name: String, _ what: String, _ members: [APIProperty]
  ) -> Endpoint {
    Endpoint(
      .get, list.path, .anyKey(GatewayService.nothing(list)),
      APIOperation(
        name: name, tag: "Assets", summary: "\(what): there are none here.",
        answer: .init(200, "An empty list.", .object(members))))
  }
}
