extension TimeLimits {
  /// What must be longer than what: the reason for each value that is not a matter of taste.
  public static let order = [
    TimeLimitOrder(
      longer: lockTimeout, shorter: [accountLockTimeout],
      because: "an account that is held costs a batch a moment; counters of shards are queued for and passed on quickly"
    ),
    TimeLimitOrder(
      longer: accountLockTimeout, shorter: [migrationLockTimeout],
      because: "who queues behind a migration's step gets its lock before its requests are set aside"),
    TimeLimitOrder(
      longer: lockTimeout, shorter: [dayTableLockTimeout],
      because: "a leader that makes tables gives way before its session would"),
    TimeLimitOrder(
      longer: statementTimeout, shorter: [lockTimeout],
      because: "who waits for a lock in vain is told so, and not that the statement took too long"),
    TimeLimitOrder(
      longer: idleTransaction, shorter: [sessionPatience],
      because: "a session that has stopped is ended by who logs it; the server's own limit is the last resort"),
    TimeLimitOrder(
      longer: lockPromise, shorter: [idleTransaction],
      because: "without any worker or gateway that looks, the server keeps the promise between requests"),
    TimeLimitOrder(
      longer: lockPromise, shorter: [sessionPatience, sessionPeriod, sessionSecondLook],
      because: "a session is ended at the first look after its patience has run out"),
    TimeLimitOrder(
      longer: setAside, shorter: [sessionPatience, sessionPeriod, sessionSecondLook],
      because: "an account held by a session that has stopped is free before its requests are refused"),
    TimeLimitOrder(
      longer: longSilence, shorter: [statementTimeout],
      because: "a server that carries out one statement does not read what follows it: that is not silence"),
    TimeLimitOrder(
      longer: connectionTurn, shorter: [statementTimeout],
      because: "who waits behind a statement that is given up gets its connection"),
    TimeLimitOrder(
      longer: silence, shorter: [lockTimeout],
      because: "what is sent to a server that waits for a lock and does not read is not given up before that wait ends"),
    TimeLimitOrder(
      longer: stuck, shorter: [lockTimeout],
      because: "a round that waits for one lock makes progress in the end"),
    TimeLimitOrder(
      longer: lease, shorter: [renewal, redisCommand],
      because: "one renewal may fail for as long as Redis is given to answer"),
    TimeLimitOrder(
      longer: lease, shorter: [probe, probe, probe],
      because: "a silent worker is asked three times before its lease would have run out"),
    TimeLimitOrder(
      longer: unreachable, shorter: [lease],
      because: "others see a worker that is gone sooner than one that is cut off"),
    TimeLimitOrder(
      longer: unreachable, shorter: [redisConnect, redisCommand],
      because: "a store that is slow for one call is not away"),
    TimeLimitOrder(
      longer: workerDrain, shorter: [stuck],
      because: "the round in hand ends before the shards are let go"),
    TimeLimitOrder(
      longer: handOver, shorter: [stuck],
      because: "an owner hands over after the round in hand"),
    TimeLimitOrder(
      longer: gatewayDrain, shorter: [setAside, lockTimeout, connect],
      because: "what is in flight is answered before the process ends, requests set aside too"),
    TimeLimitOrder(
      longer: gatewayDrain, shorter: [connectionTurn],
      because: "a question that waits for a connection is answered before the process ends"),
    TimeLimitOrder(
      longer: gatewayDrain, shorter: [requestHead],
      because: "a request that has begun to come is still answered"),
    TimeLimitOrder(
      longer: answer, shorter: [requestBody],
      because: "reading an answer may be slower than sending a request"),
    TimeLimitOrder(
      longer: idleConnection, shorter: [answer],
      because: "a client that reads slowly is not idle"),
    TimeLimitOrder(
      longer: streamIdle, shorter: [streamPing, streamPing],
      because: "two pings may be lost before a client counts as gone"),
    TimeLimitOrder(
      longer: call, shorter: [callConnect],
      because: "a server that took long to reach still has time to answer"),
    TimeLimitOrder(
      longer: stopMargin, shorter: [stuck],
      because: "a round in hand when the time for draining is over may still end"),
  ]
}
