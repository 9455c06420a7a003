public import Market
public import Ports
public import Sharding

/// How a shard came to a worker.
public enum ClaimCause: Hashable, Sendable {
  /// Nobody held it.
  case free
  /// Its owner's process was gone.
  case crashed(WorkerID)
  /// Its owner handed it over.
  case handedOver
}

/// Something about a worker that an operator wants to know.
public enum WorkerEvent: Sendable {
  /// A shard was taken over with this many open orders.
  case claimed(Shard, Epoch, openOrders: Int, cause: ClaimCause)
  /// A shard was handed to another worker.
  case handedOver(Shard, Epoch, to: WorkerID)
  /// Another worker stands otherwise than before.
  case standing(WorkerID, Membership.Standing)
  /// This worker leads.
  case elected(Term)
  /// It does not lead any more.
  case steppedDown(Term, reason: String)
  /// It won the leader's lease, but no term.
  case electionFailed(reason: String)
  /// As leader, it reassigned this many shards elsewhere.
  case reassigned(Term, shards: Int)
  /// A look for sessions whose clients have stopped found something.
  case stalledSession(StalledSessionEvent)
  /// As leader, it made tables of the coming days.
  case daysKept(DaysKept)
  /// The leader's housekeeping failed.
  case housekeepingFailed(reason: String)
  /// As leader, it follows another clock than the leader before.
  case clockChanged(from: MarketClockMode?, to: MarketClockMode)
  /// As leader, it told instruments of a shard what they come to.
  case instrumentsInstructed(Shard, SessionPoint, instruments: Int)
  /// As leader, it paused an instrument's trading.
  case tradingPaused(BandDecisions.Pause)
  /// As leader, it ended pauses of instruments of a shard.
  case pausesEnded(Shard, instruments: Int)
  /// As leader, it found that orders whose time is over do not end; it tries again, less and less often.
  case expiryStuck(InstrumentID, orders: Int64)
  /// As leader, it could not direct the market day; it tries again.
  case marketDelayed(reason: String)
  /// A lease or the leader's targets claimed something that PostgreSQL denies; the right ones were written over them.
  case contested(String)
  /// Leases of shards in work name others, and PostgreSQL cannot be asked who owns them; they are worked on meanwhile.
  case contestDelayed(shards: Int, reason: String)
  /// A key in Redis held what no program of ours writes; it was taken away or written anew.
  case keyReplaced(String, reason: String)
  /// An operator told the worker something.
  case instructed(WorkerInstruction)
  /// A shard was given up in an orderly way.
  case released(Shard, Epoch)
  /// Someone else holds the shard's lease.
  case leaseLost(Shard, Epoch)
  /// PostgreSQL refused a commit for the shard: it has another owner.
  case fenced(Shard, Epoch)
  /// A shard's state is in doubt and is read again.
  case dropped(Shard, Epoch, reason: String)
  /// A shard was given up that this program cannot work as the database is; it is left alone for so long.
  case letGo(Shard, Epoch, reason: String, pause: Duration)
  /// A store failed in one of the worker's loops, or is well again.
  case trouble(PortTrouble)
  /// Entries of a shard's stream were not carried out; their rows are read from the log.
  case entriesRefused(Shard, EntryRefusal, count: Int)
  /// A shard's stream was ahead of its log, as after the restoring of a backup; what it held was discarded.
  case streamDiscarded(Shard)
  /// Another server answers for the database, or the same after a restart or the restoring of a backup, with a history of its
  /// own: this many shards are claimed again.
  case databaseFailedOver(shards: Int)
  /// A settlement could not be stored and is tried again.
  case settlementDelayed(StoreError.Cause, reason: String)
  /// The ledger refused the settlement of one command alone, for the so-manieth time.
  case commandFailed(Shard, Sequence, tries: Int, reason: String)
  /// A command was put into quarantine; its shard goes on.
  case quarantined(Shard, Sequence, QuarantineReason)
  /// The stream cannot be read; the log serves meanwhile.
  case streamUnavailable(reason: String)
  /// Gateways cannot be told of news; they find them a moment later.
  case wakeUpsUnavailable(reason: String)
  /// Leases or heartbeats cannot be reached.
  case leasesUnavailable(reason: String)
  /// The claim of a shard failed.
  case claimFailed(Shard, reason: String)
  /// A shard's books cannot be rebuilt from what is stored; it is claimed again after a pause.
  case recoveryFailed(Shard, reason: String, pause: Duration)
  /// Commands were settled in one transaction.
  case settled(commands: Int, span: Duration)
}
