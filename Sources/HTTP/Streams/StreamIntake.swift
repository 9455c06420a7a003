/// What one client of a WebSocket may send.
public struct StreamIntake: Hashable, Sendable {
  /// Bytes of a message, fragments together, at most; beyond it the WebSocket is closed with 1009.
  public var messageBytes: Int
  /// Fragments of a message at most: each of them costs memory of its own until the message is whole.
  public var fragments: Int
  /// Frames of all kinds, pings too, a second in the long run; ``burst`` times as many at once.
  public var framesPerSecond: Int
  /// Bytes a second in the long run; ``burst`` times as many at once.
  public var bytesPerSecond: Int
  /// Seconds' worth of frames and bytes that may come at once.
  public var burst: Int

  /// Makes bounds.
  public init(messageBytes: Int, fragments: Int, framesPerSecond: Int, bytesPerSecond: Int, burst: Int) {
    self.messageBytes = messageBytes
    self.fragments = fragments
    self.framesPerSecond = framesPerSecond
    self.bytesPerSecond = bytesPerSecond
    self.burst = burst
  }

  /// Clients that have proved who they are.
  public static let client = StreamIntake(
    messageBytes: 64 << 10, fragments: 128, framesPerSecond: 200, bytesPerSecond: 128 << 10, burst: 5)
  /// Anybody.
  public static let guest = StreamIntake(
    messageBytes: 4 << 10, fragments: 16, framesPerSecond: 10, bytesPerSecond: 4 << 10, burst: 4)
}

/// How much of its bounds a client has used up. Times are monotonic nanoseconds.
struct IntakeMeter {
  private var framesFullAt: Int64 = 0
  private var bytesFullAt: Int64 = 0

  /// Counts what has come.
  /// - Returns: Whether it was within bounds.
  mutating func take(frames: Int, bytes: Int, of intake: StreamIntake, now: Int64) -> Bool {
    let framesFit = Self.take(frames, &framesFullAt, perSecond: intake.framesPerSecond, intake.burst, now)
    let bytesFit = Self.take(bytes, &bytesFullAt, perSecond: intake.bytesPerSecond, intake.burst, now)
    return framesFit && bytesFit
  }

  private static func take(_ count: Int, _ fullAt: inout Int64, perSecond: Int, _ burst: Int, _ now: Int64) -> Bool {
    let interval = 1_000_000_000 / Int64(max(1, perSecond))
    let used = max(0, fullAt - now) + Int64(min(count, 1 << 30)) * max(1, interval)
    fullAt = now + used
    return used <= Int64(min(burst, 3_600)) * 1_000_000_000
  }
}
