internal import Market

/// Requests of accounts that somebody else holds: they wait here, so that the others of their lane need not.
///
/// An account's requests keep their order: while any of them is here, later ones join it.
struct AsideQueue<Element> {
  private struct Entry {
    let account: AccountNumber
    let since: ContinuousClock.Instant
    let element: Element
  }

  private var entries: [Entry] = []
  /// How many of each account are here, those that are being tried among them.
  private var counts: [AccountNumber: Int] = [:]

  /// The places of those that are being tried, ascending.
  private var trying: [Int] = []

  /// How many there are, those that are being tried among them.
  private(set) var count = 0

  /// Whether requests of an account must join those that are here.
  func contains(_ account: AccountNumber) -> Bool { counts[account] != nil }

  /// Adds a request behind all others.
  mutating func append(_ element: Element, of account: AccountNumber, at now: ContinuousClock.Instant) {
    entries.append(Entry(account: account, since: now, element: element))
    counts[account, default: 0] += 1
    count += 1
  }

  /// What has waited since before a moment; it is out of here.
  mutating func takeExpired(before moment: ContinuousClock.Instant) -> [Element] {
    let expired = entries.filter { $0.since < moment }
    entries.removeAll { $0.since < moment }
    for entry in expired { remove(entry) }
    return expired.map(\.element)
  }

  /// What to try next, in order. They stay in their places until ``endTry(held:)``.
  /// - Parameters:
  ///   - limit: How many at most.
  ///   - accountLimit: How many of one account at most: one with many requests must not keep another that is free waiting.
  mutating func beginTry(limit: Int, accountLimit: Int) -> [Element] {
    var taken: [AccountNumber: Int] = [:]
    trying = []
    for (index, entry) in entries.enumerated() where taken[entry.account, default: 0] < accountLimit {
      guard trying.count < limit else { break }
      taken[entry.account, default: 0] += 1
      trying.append(index)
    }
    return trying.map { entries[$0].element }
  }

  /// Takes out what was tried, but for requests of accounts that are still held.
  mutating func endTry(held: Set<AccountNumber>) {
    // Others can only have been added behind since the try began.
    for index in trying.reversed() where !held.contains(entries[index].account) { remove(entries.remove(at: index)) }
    trying = []
  }

  private mutating func remove(_ entry: Entry) {
    count -= 1
    let left = counts[entry.account]! - 1
    counts[entry.account] = left > 0 ? left : nil
  }
}
