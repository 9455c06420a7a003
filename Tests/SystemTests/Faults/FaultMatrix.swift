import TestKit
import Testing

/// The fault matrix: every row on an exchange under load. After each, everything is settled, the books are clean, and every
/// acknowledged order is there, once, as its client was told.
@Suite(.serialized) struct FaultMatrix {
  /// No fault is left out of a run because nothing stands for it.
  @Test func everyNumberHasOneRowInEveryRun() {
    let forms = Dictionary(grouping: FaultRow.all, by: \.number)
    for (number, rows) in forms {
      let chosen = FaultRow.representatives[number].map { name in rows.filter { $0.name.contains(name) } } ?? rows
      #expect(chosen.count == 1, "fault \(number): \(rows.map(\.name))")
    }
    #expect(Set(FaultRow.representatives.keys).isSubset(of: forms.keys))
  }

  @Test(arguments: FaultRow.selected) func nothingAcknowledgedIsLostOrDoubled(row: FaultRow) async throws {
    try await Stands.shared.run(row)
  }
}

/// Keeps the exchange that the next row may share.
private actor Stands {
  static let shared = Stands()
  private var current: FaultStand?

  func run(_ row: FaultRow) async throws {
    if current?.topology != row.topology {
      current = nil
      current = try await FaultStand(row.topology)
    }
    let stand = current!
    var isSound = false
    // An exchange that a row has left damaged must not fail the rows after it.
    defer { if !isSound || row.title == FaultRow.selected.last?.title { current = nil } }
    isSound = try await stand.run(row)
  }
}
