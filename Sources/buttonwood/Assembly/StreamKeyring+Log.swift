internal import Postgres
internal import PostgresStore
internal import RedisStore
internal import Telemetry

extension StreamKeyring {
  /// The keys of stream entries, read over a session that has other work too.
  static func of(_ session: PostgresSession, _ log: Log) -> StreamKeyring {
    StreamKeyring(PostgresStreamKeyReader(session: session)) { failure in
      if let failure {
        log.warning("no news of the stream keys; rows go by the log where a key is missing", ["reason": failure])
      } else {
        log.notice("the stream keys can be read again")
      }
    }
  }
}
