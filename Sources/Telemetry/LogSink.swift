internal import Glibc
internal import Lifecycle
internal import Synchronization

/// Writes lines to a descriptor, each with one write(2), so that lines of several threads and processes do not mix.
///
/// A reader that has stalled costs a line ``patience`` once; while it stays stalled, lines are dropped and counted.
final class LogSink: Sendable {
  /// Longest wait for a stalled reader.
  static let patience = Duration.milliseconds(100)

  private let descriptor: Int32
  private let dropped = Atomic<Int>(0)

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Lines dropped since the last one that was written.
  var droppedLines: Int { dropped.load(ordering: .relaxed) }

  /// Writes a whole line of at most ``LogRecord/maximumLineBytes``.
  func write(_ line: [UInt8]) {
    let missing = dropped.load(ordering: .relaxed)
    guard isReady(within: missing == 0 ? Self.patience : .zero) else {
      dropped.add(1, ordering: .relaxed)
      return
    }
    if missing > 0, dropped.compareExchange(expected: missing, desired: 0, ordering: .relaxed).exchanged {
      let note = LogRecord(
        time: Int64(time(nil)) * 1_000_000, level: .warning, message: "log lines were dropped: the reader was stalled",
        fields: [LogField("lines", missing)])
      put(note.jsonLine)
      guard isReady(within: .zero) else {
        dropped.add(1, ordering: .relaxed)
        return
      }
    }
    put(line)
  }

  /// A pipe counts as ready when a line of PIPE_BUF bytes fits, so what follows does not block.
  private func isReady(within span: Duration) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // A pipe whose reader is gone reports an error besides; writing would raise SIGPIPE.
    return Glibc.poll(&poll, 1, Int32(clamping: span.wholeMilliseconds)) == 1
      && poll.revents & Int16(POLLOUT | POLLERR) == Int16(POLLOUT)
  }

  private func put(_ line: [UInt8]) {
    while Glibc.write(descriptor, line, line.count) < 0, errno == EINTR {}
  }
}
