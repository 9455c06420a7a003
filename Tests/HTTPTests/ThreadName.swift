import Glibc

/// The name of the thread that asks.
func threadName() -> String {
  var bytes = [UInt8](repeating: 0, count: 32)
  let file = open("/proc/thread-self/comm", O_RDONLY)
  defer { close(file) }
  let count = read(file, &bytes, bytes.count)
  return String(decoding: bytes[..<max(0, count - 1)], as: UTF8.self)
}
