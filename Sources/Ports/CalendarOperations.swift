public import Market

/// What operators do with the trading calendar.
public protocol CalendarOperations: Sendable {
  /// The calendar with everything that operators have added to it.
  func calendar() async throws(AdministrationError) -> TradingCalendar

  /// Closes or shortens a day that has not begun in New York. Repeated, it takes the place of what was set before.
  /// - Parameter today: The present day in New York.
  func set(_ exception: CalendarException, on day: Day, today: Day) async throws(AdministrationError)

  /// Lets a day that has not begun follow the rules again.
  /// - Returns: Whether it did not.
  func remove(_ day: Day, today: Day) async throws(AdministrationError) -> Bool
}
