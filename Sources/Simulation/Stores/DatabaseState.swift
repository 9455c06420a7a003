package import Accounting
package import Market
package import Ports
package import Sharding

/// Everything that is committed: what the tables hold, as plain values. A copy of it is a backup.
package struct DatabaseState: Sendable {
  /// What is known against a command, as long as it is the next one.
  package struct Suspect: Sendable {
    package var sequence = Sequence.zero
    package var claims = 0
    package var tries = 0
    package var reason: String?
  }

  /// A shard's log, its owner, and what was settled of it.
  package struct ShardRows: Sendable {
    package var epoch: Int64 = 0
    package var nonce: UInt64 = 0
    package var owner: WorkerID?
    package var processed = Sequence.zero
    package var settledAt = Timestamp(rawValue: 0)
    package var log: [LogEntry] = []
    package var events: [OrderEvent] = []
    package var trades: [Trade] = []
    package var suspect = Suspect()
    /// Commands that were set aside, and the later row by which each came back, if it did.
    package var quarantined: [Sequence: Quarantined] = [:]

    /// The last row of the log.
    package var last: Sequence { Sequence(rawValue: Int64(log.count)) }
  }

  /// A command that was set aside.
  package struct Quarantined: Sendable {
    package var reason: QuarantineReason
    /// The row by which it came back.
    package var resolved: Sequence?
  }

  /// What the instrument's auction has been told.
  package struct AuctionRow: Sendable {
    package var auction: AuctionExecution?
    package var told = Sequence.zero
  }

  package var history = LedgerHistory(rawValue: 1)
  package var shards: [Shard: ShardRows] = [:]
  package var instruments: [InstrumentID: Shard] = [:]
  package var accounts: [AccountNumber: EntrySnapshot.Account] = [:]
  package var positions: [EntrySnapshot.PositionKey: EntrySnapshot.Position] = [:]
  package var orders: [OrderID: OrderRecord] = [:]
  package var keys: [EntrySnapshot.KeyName: EntrySnapshot.KeyUse] = [:]
  package var lastPrices: [InstrumentID: Price] = [:]
  package var phases: [InstrumentID: InstrumentPhase] = [:]
  package var auctions: [InstrumentID: AuctionRow] = [:]
  package var told: [InstrumentID: InstrumentStanding.Told] = [:]
  package var clock = MarketClockRecord()
  package var term = Term(rawValue: 0)
  package var termNonce: UInt64 = 0

  /// Orders of which a shard's books are made: what has been processed, is open and was not set aside.
  package func openOrders(of shard: Shard) -> [OrderRecord] {
    let rows = shards[shard]!
    let aside = Set(rows.quarantined.filter { $0.value.resolved == nil }.keys)
    return orders.values.filter {
      $0.shard == shard && $0.status.isOpen && $0.sequence <= rows.processed && !aside.contains($0.sequence)
    }
    .sorted {
      ($0.priority, $0.conditions?.activation ?? 0, $0.id) < ($1.priority, $1.conditions?.activation ?? 0, $1.id)
    }
  }

  /// Appends commands to a shard's log.
  package mutating func append(_ commands: [Command], to shard: Shard, at now: Timestamp) -> [LogEntry] {
    commands.map { command in
      let entry = LogEntry(
        shard: shard, sequence: shards[shard]!.last.next, acceptedAt: now, command: command, history: history)
      shards[shard]!.log.append(entry)
      return entry
    }
  }
}
