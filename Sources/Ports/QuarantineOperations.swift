public import Market

/// What operators do with commands that were set aside because their workers failed over them. It needs no worker: whoever
/// owns the shard, now or later, finds what was done in the log.
public protocol QuarantineOperations: Sendable {
  /// Commands in quarantine, longest there first.
  /// - Parameters:
  ///   - includesResolved: Whether those that have left it are listed too.
  ///   - limit: Most commands.
  func list(includesResolved: Bool, limit: Int32) async throws(AdministrationError) -> [QuarantinedCommand]

  /// Has a command carried out again: it is appended to its log, so that its order loses the place in time that it had.
  ///
  /// Asking again changes nothing and tells where it went.
  func retry(_ shard: Shard, _ sequence: Sequence, note: String?) async throws(AdministrationError) -> QuarantineReturn

  /// Has a command rejected: its order ends and gives back what it holds; an order that it was to change stays as it is. A
  /// step of the day, a part of an expiry or a halt is left out; the day goes on from where its instrument stands.
  ///
  /// Asking again changes nothing and tells where it went.
  func refuse(_ shard: Shard, _ sequence: Sequence, reason: String) async throws(AdministrationError)
    -> QuarantineReturn
}

/// How a command came back from quarantine.
public struct QuarantineReturn: Hashable, Sendable {
  /// The log row that it came back as.
  public var sequence: Sequence
  /// Whether it had come back this way before; then nothing was done.
  public var isRepeat: Bool

  /// Says how a command came back.
  public init(sequence: Sequence, isRepeat: Bool) {
    self.sequence = sequence
    self.isRepeat = isRepeat
  }
}
