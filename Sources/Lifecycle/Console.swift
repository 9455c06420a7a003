internal import Glibc

/// The program's standard output and standard error, unbuffered.
package enum Console {
  /// One of the two streams.
  package enum Stream: Int32, Sendable {
    /// Standard output: results.
    case output = 1
    /// Messages and progress.
    case error = 2

    /// Whether a person is watching.
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// The columns of the terminal; 80 when they are not known.
    package var columns: Int {
      var size = winsize()
      return ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
  }

  /// Writes the whole text as it is; what the other end does not take is dropped.
  package static func write(_ text: String, to stream: Stream = .output) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(stream.rawValue, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return }
      bytes.removeFirst(count)
    }
  }
}
