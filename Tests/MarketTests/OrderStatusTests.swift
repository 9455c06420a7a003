import Market
import Testing

@Suite struct OrderStatusTests {
  /// Rows are states, columns the states they may move to, both in order of the raw values.
  private static let moves = """
    accepted          . P F C E R J
    partiallyFilled   . P F C E R .
    filled            . . . . . . .
    canceled          . . . . . . .
    expired           . . . . . . .
    replaced          . . . . . . .
    rejected          . . . . . . .
    """

  @Test func theTableOfMoves() {
    let rows = Self.moves.split(separator: "\n").map { $0.split(separator: " ").dropFirst().map { $0 != "." } }
    for (from, row) in zip(OrderStatus.allCases, rows) {
      for (to, isAllowed) in zip(OrderStatus.allCases, row) {
        #expect(from.mayBecome(to) == isAllowed, "\(from) → \(to)")
      }
      #expect(from.isOpen == row.contains(true), "open is what can still change")
    }
  }

  @Test func storedNumbersNeverChange() {
    #expect(OrderStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6])
    #expect([PendingChange.none, .cancel, .replace].map(\.rawValue) == [0, 1, 2])
  }

  @Test func closedOrdersShowTheirStateWhateverIsPending() {
    let closed: [(OrderStatus, ShownStatus)] = [
      (.filled, .filled), (.canceled, .canceled), (.expired, .expired), (.replaced, .replaced), (.rejected, .rejected),
    ]
    for (status, shown) in closed {
      for pending in [PendingChange.none, .cancel, .replace] {
        for processed in [false, true] { #expect(ShownStatus(status, pending: pending, processed: processed) == shown) }
      }
    }
  }

  @Test func openOrdersShowWhatIsPendingThenWhetherTheyAreInTheBook() {
    #expect(ShownStatus(.accepted, pending: .none, processed: false) == .accepted)
    #expect(ShownStatus(.accepted, pending: .none, processed: true) == .new)
    #expect(ShownStatus(.partiallyFilled, pending: .none, processed: true) == .partiallyFilled)
    for status in [OrderStatus.accepted, .partiallyFilled] {
      for processed in [false, true] {
        #expect(ShownStatus(status, pending: .cancel, processed: processed).rawValue == "pending_cancel")
        #expect(ShownStatus(status, pending: .replace, processed: processed).rawValue == "pending_replace")
      }
    }
  }
}
