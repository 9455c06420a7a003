/// All time-outs of the exchange with their defaults, in one place, because they interrupt each other.
///
/// None of them stands around work that grows with data: what they bound is one lock, one statement over a bounded number
/// of rows, one exchange of messages, or the silence of a peer.
public enum TimeLimits {
  // MARK: PostgreSQL, as settings of sessions

  public static let lockTimeout = TimeLimit(
    name: "lock_timeout", place: .server, value: .seconds(4),
    bounds: "the wait for one lock of a row or table; the transaction is undone and tried again")
  public static let accountLockTimeout = TimeLimit(
    name: "lock_timeout of acceptance", place: .server, value: .milliseconds(250),
    bounds:
      "the wait for an account, position or order of a batch; the account's requests are set aside, the others go on")
  public static let statementTimeout = TimeLimit(
    name: "statement_timeout", place: .server, value: .seconds(10),
    bounds: "one statement with its waits for locks; not that for a synchronous standby")
  public static let idleTransaction = TimeLimit(
    name: "idle_in_transaction_session_timeout", place: .server, value: .seconds(5),
    bounds: "the wait for the next request of a transaction, where all messages so far have come whole")

  public static let migrationLockTimeout = TimeLimit(
    name: "lock_timeout of migrations", place: .server, value: .milliseconds(200),
    bounds: "the wait of a migration's step for one table; it is asked for again after a second or two")
  public static let dayTableLockTimeout = TimeLimit(
    name: "lock_timeout of days' tables", place: .server, value: .milliseconds(500),
    bounds: "the wait for one lock by who makes a day's table; the leader tries again after 5 s")

  // MARK: Sessions that have stopped

  public static let sessionPatience = TimeLimit(
    name: "patience with a silent client", place: .server, value: .seconds(3),
    bounds:
      "the wait, with locks held, for the rest of what a client has begun to send or to take; the session is ended")
  public static let sessionPeriod = TimeLimit(
    name: "look for silent clients", place: .server, value: .milliseconds(1_500),
    bounds:
      "how long nobody looks for such sessions while a worker leads; whoever waits for a lock in vain looks at once")
  public static let sessionSecondLook = TimeLimit(
    name: "second look", place: .server, value: .milliseconds(500),
    bounds: "between the two looks after which a session is ended")
  /// Promised, not set: what the others above add up to stays below it.
  public static let lockPromise = TimeLimit(
    name: "locks of a client that has stopped", place: .server, value: .seconds(6),
    bounds: "promised: nobody who stops in a conversation holds a lock for longer")

  // MARK: Connections to PostgreSQL

  public static let connect = TimeLimit(
    name: "connect_timeout", place: .client, value: .seconds(3), bounds: "connecting to one host")
  public static let silence = TimeLimit(
    name: "tcp_user_timeout", place: .client, value: .seconds(5),
    bounds: "how long what was sent may stay unacknowledged; the connection is given up")
  public static let longSilence = TimeLimit(
    name: "tcp_user_timeout of large flushes", place: .client, value: .seconds(15),
    bounds: "the same while more is sent at once than the server takes in before it has carried out what came first")
  public static let keepAliveIdle = TimeLimit(
    name: "keepalives_idle", place: .client, value: .seconds(5),
    bounds: "silence after which the server's host is asked whether it is there")
  public static let inquiryPause = TimeLimit(
    name: "pause between inquiries", place: .client, value: .milliseconds(750),
    bounds: "between two questions what became of a commit that was cut off; there are 40")

  public static let connectionTurn = TimeLimit(
    name: "wait for a connection", place: .client, value: .seconds(15),
    bounds: "how long a question waits while all connections of its pool are in use; then 503")

  // MARK: Redis

  public static let redisConnect = TimeLimit(
    name: "connect", place: .redis, value: .seconds(1), bounds: "connecting, with login and finding the master")
  public static let redisCommand = TimeLimit(
    name: "command", place: .redis, value: .seconds(1),
    bounds: "the replies to a call beyond what its commands ask the server to wait")

  // MARK: Acceptance

  public static let setAside = TimeLimit(
    name: "requests set aside", place: .acceptance, value: .seconds(8),
    bounds: "how long a request waits for an account that somebody holds; then 503")

  // MARK: Ownership

  public static let probe = TimeLimit(
    name: "probe", place: .ownership, value: .milliseconds(150),
    bounds: "one answer of a silent worker; three are asked for")
  public static let renewal = TimeLimit(
    name: "renewal", place: .ownership, value: .milliseconds(300),
    bounds: "between two renewals of leases and heartbeat")
  public static let lease = TimeLimit(
    name: "lease", place: .ownership, value: .milliseconds(1_500),
    bounds: "how long a claim and a heartbeat last unrenewed")
  public static let unreachable = TimeLimit(
    name: "unreachable", place: .ownership, value: .seconds(3),
    bounds: "how long a worker that does not reach the database keeps its leases")
  public static let stuck = TimeLimit(
    name: "stuck", place: .ownership, value: .seconds(6),
    bounds: "how long nothing may come of the work in hand before the worker lets its leases go")
  public static let handOver = TimeLimit(
    name: "hand-over", place: .ownership, value: .seconds(10),
    bounds: "how long an owner has to hand a shard over before it is asked anew")

  // MARK: HTTP

  public static let requestHead = TimeLimit(
    name: "head", place: .http, value: .seconds(15), bounds: "a request's head from first byte to last")
  public static let requestBody = TimeLimit(
    name: "body", place: .http, value: .seconds(30), bounds: "a request's body after its head")
  public static let answer = TimeLimit(
    name: "answer", place: .http, value: .seconds(60), bounds: "how long a client may take to read an answer")
  public static let idleConnection = TimeLimit(
    name: "idle", place: .http, value: .seconds(90), bounds: "how long a connection may be silent between requests")
  public static let streamPing = TimeLimit(
    name: "--stream-ping", place: .http, value: .seconds(20), bounds: "silence of a stream before the server pings")
  public static let streamIdle = TimeLimit(
    name: "--stream-idle", place: .http, value: .seconds(60),
    bounds: "how long a stream's client may not be heard of, or leave unread what was sent")
  public static let streamClose = TimeLimit(
    name: "stream close", place: .http, value: .seconds(2),
    bounds: "how long a closed stream waits for its client's end")

  public static let refusedClient = TimeLimit(
    name: "refused client", place: .http, value: .seconds(2),
    bounds: "how long a client whose first head was refused may read why")
  public static let confirmation = TimeLimit(
    name: "confirmation", place: .http, value: .seconds(2),
    bounds: "how long a subscription to market data waits for what it begins with before it is confirmed without")

  // MARK: Outgoing HTTP

  public static let callConnect = TimeLimit(
    name: "connect", place: .outgoing, value: .seconds(3),
    bounds: "looking up and connecting to a server of somebody else, with TLS's handshake")
  public static let call = TimeLimit(
    name: "call", place: .outgoing, value: .seconds(10), bounds: "all of a call of a server of somebody else")

  // MARK: Stopping

  public static let workerDrain = TimeLimit(
    name: "worker --drain", place: .stop, value: .seconds(10),
    bounds: "how long SIGTERM waits for others to take the shards")
  public static let gatewayDrain = TimeLimit(
    name: "gateway --drain", place: .stop, value: .seconds(20),
    bounds: "how long SIGTERM waits for requests in flight")
  public static let stopMargin = TimeLimit(
    name: "beyond --drain", place: .stop, value: .seconds(9),
    bounds: "how long all parts of a process may take to stop beyond --drain; then it ends without the rest")

  /// All of them, place by place.
  public static let all = [
    lockTimeout, accountLockTimeout, statementTimeout, idleTransaction, migrationLockTimeout,
    dayTableLockTimeout, sessionPatience, sessionPeriod,
    sessionSecondLook,
    lockPromise, connect, silence, longSilence, keepAliveIdle, inquiryPause, connectionTurn, redisConnect, redisCommand,
    setAside,
    probe,
    renewal, lease, unreachable, stuck, handOver, requestHead, requestBody, answer, idleConnection, streamPing,
    streamIdle,
    streamClose, refusedClient, confirmation, callConnect, call, workerDrain, gatewayDrain, stopMargin,
  ]
}
