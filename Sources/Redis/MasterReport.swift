/// What a sentinel says of the master.
struct MasterReport: Equatable {
  /// Where the master is.
  var endpoint: RedisEndpoint
  /// Which configuration that is, growing with every fail-over; nil when the sentinel does not let this user ask.
  var epoch: Int64?

  /// The commands that ask a sentinel.
  static func questions(_ masterName: String) -> [RedisCommand] {
    [
      RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName), RedisCommand("SENTINEL", "MASTER", masterName),
    ]
  }

  /// Reads the answers to ``questions(_:)``; nil when the sentinel knows no master of that name.
  /// - Throws: ``RedisError`` when the first question was refused or not understood.
  init?(_ answers: [RedisValue]) throws(RedisError) {
    let address = try answers[0].accepted()
    guard address != .null else { return nil }
    guard let parts = address.array, parts.count == 2, let host = parts[0].text,
      let port = parts[1].integer.flatMap({ Int(exactly: $0) })
    else { throw .malformedReply(reason: "a sentinel gave no address") }
    endpoint = .tcp(host: host, port: port)
    epoch = answers[1]["config-epoch"]?.integer
  }

  init(endpoint: RedisEndpoint, epoch: Int64?) {
    self.endpoint = endpoint
    self.epoch = epoch
  }

  /// Whether this is what a sentinel says that has missed a fail-over.
  func isOlder(than other: MasterReport?) -> Bool {
    guard let epoch, let known = other?.epoch else { return false }
    return epoch < known
  }

  /// Whether a client of `current` should look for another master.
  func replaces(_ current: MasterReport) -> Bool { endpoint != current.endpoint && !isOlder(than: current) }
}
