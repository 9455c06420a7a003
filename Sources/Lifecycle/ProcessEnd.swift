internal import Glibc

/// The end of the process.
public enum ProcessEnd {
  /// Ends the process at once, with a status.
  ///
  /// Libraries' handlers for the end are passed over: they free what threads that have not ended yet may still use (libcrypto's
  /// for example), and a process that has done all of its work would end by a signal. What has to be in order before is done by
  /// who calls.
  public static func now(_ status: Int32) -> Never {
    fflush(nil)
    _exit(status)
  }
}
