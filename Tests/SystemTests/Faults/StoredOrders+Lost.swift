import Testing

extension StoredOrders {
  /// A client's record without what a fail-over has undone: one stretch of its orders, up to the fail-over, and cancels.
  ///
  /// A client does one thing after the other, so nothing that was acknowledged behind an order that is stored may be
  /// missing, except in front of that stretch's end.
  func withoutLost(_ record: TradingLoad.Record) -> TradingLoad.Record {
    func number(_ name: String) -> Int { Int(name.split(separator: "-").last!)! }
    let names = record.acknowledged.keys.sorted { number($0) < number($1) }
    let lost = names.indices.filter { named[names[$0]] == nil }
    if let first = lost.first, let last = lost.last {
      #expect(last - first == lost.count - 1, "lost at two times: \(lost.map { names[$0] })")
    }
    var kept = record
    for index in lost { kept.acknowledged[names[index]] = nil }
    kept.cancelled.removeAll { open.contains($0) }
    return kept
  }
}
