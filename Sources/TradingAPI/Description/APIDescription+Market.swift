extension APIDescription {
  static let marketSchemas: [String: APISchema] = [
    "Asset": .object(
      [
        .always("id", .uuid), .always("class", .word(["us_equity"])), .always("exchange", .string()),
        .always("symbol", .string()), .always("name", .string()), .always("status", .word(["active", "inactive"])),
      ]
        + APIProperty.always(
          ["tradable", "marginable", "shortable", "easy_to_borrow", "fractionable"], .boolean) + [
          .always("maintenance_margin_requirement", .integer()), .always("attributes", .array(.string())),
        ]),
    "Clock": .object([
      .always("timestamp", .time), .always("is_open", .boolean), .always("next_open", .time),
      .always("next_close", .time),
    ]),
    "CalendarDay": .object(
      [.always("date", .date), .always("settlement_date", .date)]
        + APIProperty.always(["open", "close"], .string(pattern: "^[0-9]{2}:[0-9]{2}$"))
        + APIProperty.always(["session_open", "session_close"], .string(pattern: "^[0-9]{4}$"))),
  ]
}
