internal import CPostgreSQL
internal import Glibc
internal import Lifecycle

/// One connection to PostgreSQL: blocking, prepared, pipelined. Keep it on a thread of its own (``PostgresSession``).
public struct PostgresConnection: ~Copyable {
  /// How many prepared statements a session keeps, about; those that are used often are soon prepared again.
  static let mostPrepared = 512

  private let connection: OpaquePointer
  /// Set by ``noticeReceiver`` while libpq runs on this connection's thread.
  private let isUnreplicated: UnsafeMutablePointer<Bool>
  private let silence: SilenceLimit?
  private var prepared: Set<String> = []
  private var typeIdentifiers: [String: UInt32] = [:]
  private var knownTimeline: PostgresTimeline?
  /// Whether its state on the server is not known: its session lets go of it.
  private var isAbandoned = false

  /// Connects; blocks until done or the time-out of the options has passed.
  /// - Throws: ``PostgresError/unreachable(_:)``.
  public init(_ options: PostgresOptions) throws(PostgresError) {
    let pairs = options.keywords
    let connection = withCStrings(pairs.map(\.0)) { keywords in
      withCStrings(pairs.map(\.1)) { values in PQconnectdbParams(keywords, values, 1) }
    }
    guard let connection else { throw .unreachable("out of memory") }
    guard PQstatus(connection) == CONNECTION_OK else {
      let message = Self.message(of: connection)
      PQfinish(connection)
      throw .unreachable(ConnectionString.isWellFormed(options.url) ? message : "the connection string is malformed")
    }
    isUnreplicated = .allocate(capacity: 1)
    isUnreplicated.initialize(to: false)
    PQsetNoticeReceiver(connection, Self.noticeReceiver, isUnreplicated)
    self.connection = connection
    silence = options.silence
  }

  deinit {
    PQfinish(connection)
    isUnreplicated.deallocate()
  }

  /// Notices are not shown; one of them matters. A commit whose wait for a synchronous standby was broken off succeeds with a
  /// warning: it is there, and may not survive the loss of the server. The warning is known by the function that gives it,
  /// in every language.
  ///
  /// Source: PostgreSQL 15, src/backend/replication/syncrep.c (SyncRepWaitForLSN).
  private static let noticeReceiver: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void = {
    flag, notice in
    guard let flag, let notice, let function = PQresultErrorField(notice, Int32(UInt8(ascii: "R"))) else { return }
    if String(cString: function) == "SyncRepWaitForLSN" { flag.assumingMemoryBound(to: Bool.self).pointee = true }
  }

  /// The server process behind this connection.
  public var backendPID: Int32 { PQbackendPID(connection) }

  /// How long what was sent may stay unacknowledged now; none for a connection that is not TCP.
  var silenceLimit: Duration { SilenceLimit.current(of: PQsocket(connection)) }

  /// Whether no transaction is open and the connection can take commands.
  public var isIdle: Bool {
    PQtransactionStatus(connection) == PQTRANS_IDLE && PQpipelineStatus(connection) == PQ_PIPELINE_OFF
      && !isUnreplicated.pointee && !isAbandoned
  }

  /// Has the session let go of the connection: what is left open on it ends with it.
  public mutating func abandon() { isAbandoned = true }

  /// Whether the server has hung up, as far as this host knows. It waits for nothing: only what has come already is read,
  /// which nobody has asked for while the connection is idle.
  mutating func isHungUp() -> Bool {
    // The server's last words, then the end.
    for _ in 0..<4 {
      var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
      guard descriptor.fd >= 0 else { return true }
      guard poll(&descriptor, 1, 0) > 0 else { break }
      guard PQconsumeInput(connection) == 1 else { return true }
    }
    return PQstatus(connection) != CONNECTION_OK
  }

  /// Waits for notifications of channels that the session listens to, at most for a while; their payloads.
  /// - Throws: ``PostgresError/connectionLost(_:)``.
  public mutating func notifications(within limit: Duration) throws(PostgresError) -> [String] {
    var payloads = pendingNotifications()
    guard payloads.isEmpty else { return payloads }
    var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
    guard descriptor.fd >= 0, poll(&descriptor, 1, Int32(clamping: limit.wholeMilliseconds)) >= 0 || errno == EINTR,
      PQconsumeInput(connection) == 1,
      PQstatus(connection) == CONNECTION_OK
    else { throw lost() }
    payloads = pendingNotifications()
    return payloads
  }

  private func pendingNotifications() -> [String] {
    var payloads: [String] = []
    while let notification = PQnotifies(connection) {
      payloads.append(String(cString: notification.pointee.extra))
      PQfreemem(notification)
    }
    return payloads
  }

  /// Runs statements without parameters, several at a time, in text: for schema changes and session settings.
  public mutating func execute(_ sql: String) throws(PostgresError) {
    guard let result = PQexec(connection, sql) else { throw lost() }
    defer { PQclear(result) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: try checkReplication()
    default: throw refusal(result)
    }
  }

  /// A commit that is not known to be on the standby counts as one whose outcome is unknown: whoever asks for it with a
  /// commit of its own waits for the standby again, and for all that came before.
  private func checkReplication() throws(PostgresError) {
    guard isUnreplicated.pointee else { return }
    throw .connectionLost("the wait for the synchronous standby was broken off")
  }

  /// Runs one statement in a transaction of its own.
  public mutating func query(_ call: PostgresCall) throws(PostgresError) -> PostgresRows {
    try pipeline([call])[0]
  }

  /// Sends all calls in one flush and reads all answers. Outside an explicit transaction they are one transaction,
  /// committed when all have succeeded.
  /// - Parameter onAnswer: Called at each answer: what many calls do may take long as a whole.
  /// - Throws: The first refusal; nothing after it has run. After ``PostgresError/connectionLost(_:)`` the outcome is
  ///   unknown, and the connection is of no further use.
  public mutating func pipeline(
    _ calls: [PostgresCall], onAnswer: () -> Void = {}
  ) throws(PostgresError) -> [PostgresRows] {
    if prepared.count + calls.count > Self.mostPrepared {
      // Statements that name days' tables are as many as the days: the server must not keep all of their plans for ever.
      try execute("DEALLOCATE ALL")
      prepared = []
    }
    for call in calls { try prepare(call) }
    let isLarge = calls.reduce(0) { $0 + $1.byteCount } > SilenceLimit.smallFlush
    if isLarge { allowSilence(\.long) }
    defer { if isLarge { allowSilence(\.usual) } }
    guard PQenterPipelineMode(connection) == 1 else { throw lost() }
    for call in calls { try send(call) }
    guard PQpipelineSync(connection) == 1 else { throw lost() }
    let outcome = try receive(calls.count, onAnswer)
    guard PQexitPipelineMode(connection) == 1 else { throw .protocolFault(Self.message(of: connection)) }
    return try outcome.get()
  }

  /// Begins `COPY … FROM STDIN (FORMAT binary)`, sends the rows and ends it.
  public mutating func copyIn(_ sql: String, _ rows: CopyRows) throws(PostgresError) {
    guard let begun = PQexec(connection, sql) else { throw lost() }
    defer { PQclear(begun) }
    guard PQresultStatus(begun) == PGRES_COPY_IN else { throw refusal(begun) }
    let data = rows.finished
    allowSilence(\.long)
    defer { allowSilence(\.usual) }
    let sent = data.withUnsafeBytes {
      PQputCopyData(connection, $0.bindMemory(to: CChar.self).baseAddress, Int32($0.count))
    }
    guard sent == 1, PQputCopyEnd(connection, nil) == 1 else { throw lost() }
    var failure: PostgresError?
    while let result = PQgetResult(connection) {
      if PQresultStatus(result) != PGRES_COMMAND_OK { failure = failure ?? refusal(result) }
      PQclear(result)
    }
    if let failure { throw failure }
  }

  /// Which cluster this is, and on which branch of its history. Asked once a connection; nil on a standby.
  public mutating func timeline() throws(PostgresError) -> PostgresTimeline? {
    if let knownTimeline { return knownTimeline }
    let rows = try query(PostgresCall(PostgresTimeline.statement))
    guard !rows.isNull(0, 1) else { return nil }
    knownTimeline = PostgresTimeline(
      system: rows.int8(0, 0), timeline: rows.int4(0, 1), database: rows.int8(0, 2), startedAt: rows.int8(0, 3))
    return knownTimeline
  }

  private func allowSilence(_ limit: KeyPath<SilenceLimit, Duration>) {
    if let silence { SilenceLimit.set(silence[keyPath: limit], of: PQsocket(connection)) }
  }

  private mutating func prepare(_ call: PostgresCall) throws(PostgresError) {
    for case .rows(_, let type) in call.arguments where typeIdentifiers[type] == nil {
      typeIdentifiers[type] = try identifier(ofType: type)
    }
    guard !prepared.contains(call.statement.name) else { return }
    guard let result = PQprepare(connection, call.statement.name, call.statement.sql, 0, nil) else { throw lost() }
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw refusal(result) }
    prepared.insert(call.statement.name)
  }

  private func identifier(ofType type: String) throws(PostgresError) -> UInt32 {
    let result = withCStrings([type]) { values in
      PQexecParams(connection, "SELECT $1::text::regtype::oid::text", 1, nil, values, nil, nil, 0)
    }
    guard let result else { throw lost() }
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_TUPLES_OK, let number = UInt32(String(cString: PQgetvalue(result, 0, 0)))
    else {
      throw refusal(result)
    }
    return number
  }

  private func send(_ call: PostgresCall) throws(PostgresError) {
    let parameters = call.arguments.map { argument in
      switch argument {
      case .value(let value): return value.bytes
      case .rows(let rows, let type): return rows.parameter(elementType: typeIdentifiers[type]!).bytes
      }
    }
    let lengths = parameters.map { Int32($0?.count ?? 0) }
    let formats = parameters.map { _ in Int32(1) }
    let status = withPointers(parameters) { pointers in
      PQsendQueryPrepared(connection, call.statement.name, Int32(parameters.count), pointers, lengths, formats, 1)
    }
    guard status == 1 else { throw lost() }
  }

  /// Reads the answers of `count` calls and the sync behind them.
  private func receive(
    _ count: Int, _ onAnswer: () -> Void
  ) throws(PostgresError) -> Result<[PostgresRows], PostgresError> {
    var answers: [PostgresRows] = []
    answers.reserveCapacity(count)
    var failure: PostgresError?
    var isBetweenCalls = false
    while true {
      guard let result = PQgetResult(connection) else {
        // The end of one call's results. A broken connection repeats it for ever, even while libpq calls it good (a write
        // failed before the server's last words were read). Whatever the server said before it hung up (57P01, as when it
        // is told to stop), a commit in the same flush may have been carried out.
        guard !isBetweenCalls, PQstatus(connection) == CONNECTION_OK else { throw lost() }
        isBetweenCalls = true
        continue
      }
      isBetweenCalls = false
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        PQclear(result)
        if let failure { return .failure(failure) }
        guard answers.count == count else { throw .protocolFault("\(answers.count) answers to \(count) calls") }
        try checkReplication()
        return .success(answers)
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
        answers.append(PostgresRows(result))
        onAnswer()
      case PGRES_PIPELINE_ABORTED: PQclear(result)
      default:
        failure = failure ?? refusal(result)
        PQclear(result)
        if case .connectionLost = failure { throw lost() }
        guard PQstatus(connection) == CONNECTION_OK else { throw lost() }
      }
    }
  }

  private func lost() -> PostgresError { .connectionLost(Self.message(of: connection)) }

  private func refusal(_ result: OpaquePointer) -> PostgresError {
    guard PQstatus(connection) == CONNECTION_OK else { return lost() }
    guard let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))) else {
      // An error without SQLSTATE is libpq's own: it could not write or read.
      return PQresultStatus(result) == PGRES_FATAL_ERROR ? lost() : .protocolFault(Self.message(of: connection))
    }
    let message = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? ""
    // The state is that of a check that a row fails; only the server's function tells the two apart (execPartition.c, and
    // execMain.c for a row that is written into a partition by name).
    let function = PQresultErrorField(result, Int32(UInt8(ascii: "R"))).map { String(cString: $0) }
    if function == "ExecFindPartition" || function == "ExecPartitionCheckEmitError" {
      return .missingPartition(message)
    }
    return .server(state: String(cString: state), message: message)
  }

  private static func message(of connection: OpaquePointer) -> String {
    let text = String(cString: PQerrorMessage(connection))
    return text.split(separator: "\n").joined(separator: "; ")
  }
}

/// Calls `body` with a NULL-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  var bytes: [CChar] = []
  var offsets: [Int] = []
  for string in strings {
    offsets.append(bytes.count)
    bytes += string.utf8CString
  }
  return bytes.withUnsafeBufferPointer { buffer in
    var pointers: [UnsafePointer<CChar>?] = offsets.map { buffer.baseAddress! + $0 }
    pointers.append(nil)
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
  }
}

/// Calls `body` with a pointer to each value's bytes; NULL stands for nil.
private func withPointers<Result>(
  _ values: [[UInt8]?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  func descend(_ index: Int, _ pointers: inout [UnsafePointer<CChar>?]) -> Result {
    guard index < values.count else { return pointers.withUnsafeBufferPointer { body($0.baseAddress!) } }
    guard let value = values[index] else {
      pointers[index] = nil
      return descend(index + 1, &pointers)
    }
    // An empty value still needs an address: NULL would say NULL.
    return (value.isEmpty ? [0] : value).withUnsafeBytes { bytes in
      pointers[index] = bytes.bindMemory(to: CChar.self).baseAddress
      return descend(index + 1, &pointers)
    }
  }
  var pointers = [UnsafePointer<CChar>?](repeating: nil, count: values.count + 1)
  return descend(0, &pointers)
}
