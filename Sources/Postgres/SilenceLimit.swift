internal import Glibc
internal import Lifecycle

/// How long what was sent may stay unacknowledged before TCP gives a connection up: two values, because a server that is
/// busy with the beginning of a large flush does not read the rest of it. Its host's buffer is full then, and TCP counts
/// the time that nothing more can be sent like the time that nothing is acknowledged.
///
/// Source: Linux, net/ipv4/tcp_timer.c (tcp_probe_timer); RFC 5482.
struct SilenceLimit: Hashable, Sendable {
  /// At all times.
  let usual: Duration
  /// While a large flush is under way.
  let long: Duration

  /// Bytes that a host takes in whether its program reads or not: half of the smallest buffer that Linux gives a
  /// connection by default.
  ///
  /// Source: Linux, Documentation/networking/ip-sysctl.rst (tcp_rmem: 131,072 by default).
  static let smallFlush = 64 << 10

  /// Sets one of the two. Nothing happens to a connection that is not TCP.
  static func set(_ span: Duration, of socket: Int32) {
    var value = Int32(clamping: span.wholeMilliseconds)
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// What is set; none for a connection that is not TCP.
  static func current(of socket: Int32) -> Duration {
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, &size)
    return .milliseconds(value)
  }
}
