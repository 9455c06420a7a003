extension RedisCommand {
  /// The slot of the command's first key, or of the key whose node it was sent to; nil when any node will do.
  var slot: Int? {
    if let nearKey { return KeySlot.of(nearKey) }
    guard let index = keyIndex, index < ends.count else { return nil }
    return KeySlot.of(argument(index))
  }

  /// Where the first key stands among the words; nil for commands without one.
  var keyIndex: Int? {
    switch String(decoding: argument(0), as: UTF8.self) {
    case "EVALSHA", "EVAL": return 3
    case "XINFO", "XGROUP", "OBJECT", "MEMORY": return 2
    case "XREAD": return streamsIndex.map { $0 + 1 }
    case "PING", "ECHO", "TIME", "ROLE", "INFO", "CLIENT", "CONFIG", "ACL", "SCRIPT", "FUNCTION", "CLUSTER", "SCAN",
      "DBSIZE", "FLUSHALL", "FLUSHDB", "WAIT", "LATENCY", "SLOWLOG", "COMMAND", "REPLICAOF", "DEBUG", "AUTH", "SELECT",
      "ASKING":
      return nil
    default: return 1
    }
  }

  private var streamsIndex: Int? {
    (1..<ends.count).first { argument($0).elementsEqual("STREAMS".utf8) }
  }

  private func argument(_ index: Int) -> ArraySlice<UInt8> {
    bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }
}
