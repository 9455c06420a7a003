internal import Lifecycle
internal import Market
internal import Ports

/// How carefully a shard is worked: in batches as a rule, and after failures command by command, until every command that
/// may have caused them is passed or in quarantine.
///
/// A command alone has a transaction of its own, before which the owner notes in the ledger that it tries it. So whoever
/// dies of it leaves a mark behind, and whose settlement the database refuses leaves one too; as many marks as
/// ``ExecutionSettings/quarantineAfter`` are enough.
///
/// A healthy command collects marks only from workers that die between its note and its commit, which is some
/// milliseconds; as many workers must do so in a row, after others died twice without settling anything of the shard,
/// because the first try that ends well ends the story. With a worker killed every second and a try of 10 ms that is one
/// chance in a million, for one command, each time that a shard is under suspicion. Tries that come to nothing because the
/// database is away are taken back and do not count.
struct QuarantinePolicy: Sendable {
  /// What to do next.
  enum Step: Hashable, Sendable {
    /// Work as usual.
    case batch
    /// Wait until the pause after a failure is over.
    case rest
    /// Note a try of the next command and carry it out.
    case attempt
    /// Put the next command into quarantine.
    case quarantine(QuarantineReason)
  }

  private struct Suspect {
    var sequence: Sequence
    var tries: Int
    var reason: String?
  }

  private let settings: ExecutionSettings
  /// Commands up to this one are worked alone.
  private var through: Sequence
  private var suspect: Suspect
  private var retry: PortRetry
  private var quarantinedInRow = 0
  private var lastQuarantine: ContinuousClock.Instant?

  /// Judges a shard that was taken over.
  /// - Parameters:
  ///   - cursor: The last command that has been processed.
  ///   - suspected: The last command of a batch that this worker could not settle; nil when there was none.
  init(_ attempts: ShardAttempts, after cursor: Sequence, suspected: Sequence?, settings: ExecutionSettings) {
    self.settings = settings
    retry = PortRetry(settings.retry)
    suspect = Suspect(sequence: cursor.next, tries: attempts.tries, reason: attempts.reason)
    // What an owner before had in its last batch was in the log when the shard was claimed.
    let batch = Sequence(rawValue: min(attempts.last.rawValue, cursor.rawValue + Int64(settings.batchLimit)))
    let isSuspect = attempts.tries > 0 || attempts.claims >= settings.suspectAfter
    through = max(suspected ?? .zero, isSuspect ? batch : .zero)
  }

  /// Whether every command that may be to blame is passed.
  func isOver(after cursor: Sequence) -> Bool { cursor >= through }

  /// What to do with the command behind `cursor`.
  func step(after cursor: Sequence, now: ContinuousClock.Instant) -> Step {
    guard !isOver(after: cursor) else { return .batch }
    guard !retry.isResting(now: now) else { return .rest }
    let suspect = suspect(after: cursor)
    guard suspect.tries >= settings.quarantineAfter else { return .attempt }
    if quarantinedInRow >= settings.quarantineRun, let lastQuarantine, now < lastQuarantine + settings.quarantinePause {
      return .rest
    }
    return .quarantine(
      QuarantineReason(
        reason: suspect.reason ?? "the worker died \(suspect.tries) times while carrying it out", tries: suspect.tries))
  }

  /// The command was carried out and settled.
  mutating func settled() {
    retry.succeeded()
    quarantinedInRow = 0
  }

  /// The command went into quarantine.
  mutating func quarantined(now: ContinuousClock.Instant) {
    retry.succeeded()
    quarantinedInRow += 1
    lastQuarantine = now
  }

  /// The ledger refused the command, which has been tried so often.
  mutating func failed(_ sequence: Sequence, tries: Int, reason: String, now: ContinuousClock.Instant, random: UInt64) {
    suspect = Suspect(sequence: sequence, tries: tries, reason: reason)
    retry.failed(now: now, random: random)
  }

  /// The ledger could not be used: nothing is said about the command.
  mutating func delayed(now: ContinuousClock.Instant, random: UInt64) { retry.failed(now: now, random: random) }

  private func suspect(after cursor: Sequence) -> Suspect {
    suspect.sequence == cursor.next ? suspect : Suspect(sequence: cursor.next, tries: 0, reason: nil)
  }
}
