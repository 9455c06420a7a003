import AdminAPI
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Sharding
import Telemetry
import Testing

/// A fleet that a test sets.
private final class FakeFleet: FleetReader {
  let answer = Lock<Result<FleetStatus, StoreError>>(.failure(.unavailable(reason: "not set")))
  let looks = Lock(0)

  func fleet() async throws(StoreError) -> FleetStatus {
    looks.withLock { $0 += 1 }
    return try answer.withLock { answer in answer }.get()
  }
}

/// Findings that a test sets.
private final class FakeFindings: FindingReader {
  let all = Lock<[Finding]>([])
  func findings() async -> [Finding] { all.withLock { $0 } }
}

/// Workers that a test sets, and what they were told.
private final class FakeMembers: MembershipStore {
  let known = Lock<[Heartbeat]>([])
  let instructed = Lock<[WorkerID: WorkerInstruction]>([:])

  func beat(_ heartbeat: Heartbeat, lifetime: Duration) async throws(StreamError) -> WorkerInstruction? { nil }
  func leave(_ worker: WorkerID) async throws(StreamError) {}
  func workers() async throws(StreamError) -> [Heartbeat] { known.withLock { $0 } }
  func connected(_ heartbeats: [Heartbeat]) async throws(StreamError) -> [WorkerID: Bool] { [:] }
  func instruct(_ worker: WorkerID, _ order: WorkerInstruction, lifetime: Duration) async throws(StreamError) {
    instructed.withLock { $0[worker] = order }
  }
}

/// Knows one instrument, `A`, and what was last asked for it.
private final class FakeHalts: TradingHalts {
  let reasons = Lock<[String?]>([])

  func halt(_ symbol: Symbol, reason: String, collects: Bool) async throws(HaltRefusal) {
    guard symbol == Symbol("A") else { throw .unknownInstrument(symbol) }
    guard !reason.isEmpty else { throw .badReason("a reason has more than 0 bytes") }
    reasons.withLock { $0.append(reason) }
  }

  func resume(_ symbol: Symbol) async throws(HaltRefusal) {
    guard symbol == Symbol("A") else { throw .unknownInstrument(symbol) }
    reasons.withLock { $0.append(nil) }
  }
}

struct AdminServiceTests {
  private let fleet = FakeFleet()
  private let found = FakeFindings()
  private let halts = FakeHalts()
  private let metrics = Metrics()
  private let members = FakeMembers()

  private func service(token: String? = "sesame", isReady: Bool = true) -> AdminService {
    AdminService(
      token: token, metrics: metrics, fleet: fleet, findings: found, fleetOperator: FleetOperator(members: members),
      halts: { [halts] _ in halts },
      process: "p1", whyNotReady: { isReady ? nil : "the database has no schema" })
  }

  private func get(
    _ path: String, _ authorization: String? = "Bearer sesame", method: String = "GET", body: String = "",
    from service: AdminService
  ) async -> HTTPResponse {
    await service.handle(
      HTTPRequest(
        method: method, rawPath: path, headers: authorization.map { [("authorization", $0)] } ?? [],
        body: Array(body.utf8), peer: "127.0.0.1"))
  }

  private func json(_ response: HTTPResponse) throws -> JSONValue { try JSONDocument(response.body).root }

  private func setFleet() {
    let worker = WorkerID(rawValue: "w1")
    let records = (0..<3).map {
      ShardRecord(
        shard: Shard(rawValue: $0), claimedBy: worker, epoch: Epoch(rawValue: 4),
        lag: ShardLag(last: Sequence(rawValue: 9), processed: Sequence(rawValue: 7)), quarantined: Int64($0),
        symbols: $0 == 0 ? ["A", "B"] : [])
    }
    let lease = Lease(owner: worker, nonce: 1, counter: 1, epoch: Epoch(rawValue: 4), remaining: .milliseconds(800))
    var heartbeat = Heartbeat(worker: worker, host: "h", pid: 7, version: "1", startedAt: Timestamp(rawValue: 0))
    heartbeat.loads[Shard(rawValue: 0)] = ShardLoad(commandsPerSecond: 5)
    let seat = LeaderElection.Seat(
      worker: worker, nonce: 1, counter: 1, term: Term(rawValue: 6), remaining: .milliseconds(900))
    let status = FleetStatus(
      records: records,
      leases: .success(FleetLeases(leases: [Shard(rawValue: 0): lease], workers: [heartbeat], seat: seat)),
      rates: [Shard(rawValue: 0): 12])
    fleet.answer.withLock { $0 = .success(status) }
  }

  @Test func shardsAndWorkersAreShownToHoldersOfTheToken() async throws {
    setFleet()
    let shards = try #require(try json(await get("/admin/shards", from: service())).array)
    #expect(shards.count == 3)
    #expect(shards[0]["owner"]?.string == "w1" && shards[0]["state"]?.string == "owned")
    #expect(shards[0]["lag"]?.integer == 2 && shards[0]["epoch"]?.integer == 4)
    #expect(shards[0]["orders_per_second"]?.integer == 12 && shards[0]["lease_remaining_ms"]?.integer == 800)
    #expect(shards[0]["symbols"]?.array?.compactMap(\.string) == ["A", "B"])
    #expect(shards.map { $0["quarantined"]?.integer } == [0, 1, 2])
    #expect(shards[1]["owner"]?.isNull == true && shards[1]["state"]?.string == "free")
    let one = try json(await get("/admin/shards/2", from: service()))
    #expect(one["shard"]?.integer == 2 && one["lease_remaining_ms"]?.isNull == true)
    let workers = try #require(try json(await get("/admin/workers", "bearer sesame", from: service())).array)
    #expect(workers.count == 1 && workers[0]["id"]?.string == "w1")
    #expect(workers[0]["shards"]?.array?.compactMap(\.integer) == [0])
  }

  @Test(arguments: [
    nil, "", "sesame", "Bearer", "Bearer ", "Bearer sesam", "Bearer sesame ", "Basic sesame", "Bearer Sesame",
  ])
  func withoutTheTokenNothingIsLookedAt(_ authorization: String?) async throws {
    setFleet()
    for path in ["/admin/shards", "/admin/workers", "/admin/none", "/admin"] {
      let response = await get(path, authorization, from: service())
      #expect(response.status == 401)
      #expect(try json(response)["code"]?.integer == 40_110_000)
      #expect(!String(decoding: response.body, as: UTF8.self).contains("sesame"))
    }
    #expect(fleet.looks.withLock { $0 } == 0)
  }

  @Test(arguments: [nil, ""])
  func withoutAConfiguredTokenTheEndpointIsClosed(_ token: String?) async throws {
    setFleet()
    for authorization in [nil, "Bearer ", "Bearer sesame"] {
      #expect(await get("/admin/shards", authorization, from: service(token: token)).status == 403)
    }
    #expect(await get("/healthz", nil, from: service(token: token)).status == 200)
  }

  @Test func healthReadinessAndMetricsAreOpen() async throws {
    metrics.counter("buttonwood_orders_accepted_total", help: "Orders.").add(3)
    #expect(await get("/healthz", nil, from: service()).status == 200)
    #expect(await get("/readyz", nil, from: service()).status == 200)
    #expect(await get("/readyz", nil, from: service(isReady: false)).status == 503)
    let response = await get("/metrics", nil, from: service())
    #expect(response.headers.contains { $0.name == "Content-Type" && $0.value.hasPrefix("text/plain; version=0.0.4") })
    #expect(String(decoding: response.body, as: UTF8.self).contains("\nbuttonwood_orders_accepted_total 3\n"))
  }

  @Test func whatIsNotThereIsSaid() async throws {
    setFleet()
    for path in [
      "/index.html", "/console.html", "/admin", "/admin/none", "/admin/shards/", "/admin/shards/9", "/admin/shards/0/x",
      "/admin/shards/00",
      "/metricsx",
    ] {
      let response = await get(path, from: service())
      #expect(response.status == 404, "\(path)")
      #expect(try json(response)["message"]?.string?.isEmpty == false)
    }
    #expect(await get("/admin/shards", method: "POST", from: service()).status == 405)
    #expect(await get("/metrics", method: "DELETE", from: service()).status == 405)
    #expect(await get("/healthz", method: "HEAD", from: service()).status == 200)
  }

  @Test func leaderAndScalingAreShown() async throws {
    setFleet()
    let leader = try json(await get("/admin/leader", from: service()))
    #expect(leader["leader"]?.string == "w1" && leader["term"]?.integer == 6)
    let scaling = try json(await get("/admin/scaling", from: service()))
    #expect(scaling["workers"]?.integer == 1 && scaling["workers_wanted"]?.integer == 1)
    #expect(scaling["reason"]?.string?.isEmpty == false && scaling["backlog"]?.integer == 6)
  }

  /// Whatever else is away.
  @Test func findingsAreShownToHoldersOfTheToken() async throws {
    let none = try json(await get("/admin/findings", from: service()))
    #expect(none["findings"]?.array?.isEmpty == true)
    found.all.withLock {
      $0 = [
        Finding(.error, .noWorker, "no worker runs; start \"buttonwood worker\"", since: Timestamp(rawValue: 0)),
        Finding(.warning, .haltedLong, "AAPL is halted"),
      ]
    }
    let list = try #require(try json(await get("/admin/findings", from: service()))["findings"]?.array)
    #expect(list.map { $0["severity"]?.string } == ["error", "warning"])
    #expect(list.map { $0["code"]?.string } == ["no_worker", "halted_long"])
    #expect(list[0]["message"]?.string == "no worker runs; start \"buttonwood worker\"")
    #expect(list[0]["since"]?.string == Timestamp(rawValue: 0).description && list[1]["since"]?.isNull == true)
    #expect(await get("/admin/findings", nil, from: service()).status == 401)
    #expect(await get("/admin/findings", method: "POST", from: service()).status == 405)
  }

  @Test func readinessSaysWhatIsMissing() async throws {
    let answer = try json(await get("/readyz", nil, from: service(isReady: false)))
    #expect(answer["status"]?.string == "not ready" && answer["reason"]?.string == "the database has no schema")
  }

  @Test(arguments: WorkerInstruction.allCases) func aWorkerIsReportedByPostAlone(_ order: WorkerInstruction)
    async throws
  {
    let worker = WorkerID(rawValue: "w1")
    members.known.withLock {
      $0 = [Heartbeat(worker: worker, host: "h", pid: 7, version: "1", startedAt: Timestamp(rawValue: 0))]
    }
    let path = "/admin/workers/w1/\(order.rawValue)"
    #expect(await get(path, from: service()).status == 405)
    #expect(await get(path, nil, method: "POST", from: service()).status == 401)
    #expect(await get("/admin/workers/w2/\(order.rawValue)", method: "POST", from: service()).status == 404)
    #expect(await get("/admin/workers/w1/dance", method: "POST", from: service()).status == 405)
    #expect(members.instructed.withLock { $0 } == [:])
    let response = await get(path, method: "POST", from: service())
    #expect(response.status == 202)
    #expect(try json(response)["id"]?.string == "w1")
    #expect(members.instructed.withLock { $0 } == [worker: order])
  }

  @Test func aSymbolIsHaltedAndResumedByPostAlone() async throws {
    let (halt, resume) = ("/admin/symbols/A/halt", "/admin/symbols/A/resume")
    #expect(await get(halt, from: service()).status == 405)
    #expect(await get(halt, nil, method: "POST", body: #"{"reason":"news"}"#, from: service()).status == 401)
    for (body, status) in [("", 400), ("[]", 400), ("{}", 422), (#"{"reason":7}"#, 422), (#"{"reason":""}"#, 422)] {
      #expect(await get(halt, method: "POST", body: body, from: service()).status == status, "\(body)")
    }
    for name in ["B", "a", "%41", "-"] {
      let path = "/admin/symbols/\(name)/halt"
      #expect(await get(path, method: "POST", body: #"{"reason":"news"}"#, from: service()).status == 404, "\(name)")
    }
    #expect(halts.reasons.withLock { $0 } == [])
    let halted = try json(await get(halt, method: "POST", body: #"{"reason":"news"}"#, from: service()))
    #expect(halted["symbol"]?.string == "A" && halted["halted"]?.bool == true && halted["reason"]?.string == "news")
    let resumed = try json(await get(resume, method: "POST", from: service()))
    #expect(resumed["halted"]?.bool == false && resumed["reason"]?.isNull == true)
    #expect(halts.reasons.withLock { $0 } == ["news", nil])
  }

  @Test(arguments: [("/", "text/html"), ("/console.js", "text/javascript"), ("/console.css", "text/css")])
  func theConsoleIsSelfContained(_ path: String, _ type: String) async throws {
    let response = await get(path, nil, from: service(token: nil))
    #expect(response.status == 200)
    #expect(response.headers.contains { $0.name == "Content-Type" && $0.value.hasPrefix(type) })
    let policy = response.headers.first { $0.name == "Content-Security-Policy" }?.value
    #expect(policy?.hasPrefix("default-src 'none';") == true)
    let text = String(decoding: response.body, as: UTF8.self)
    #expect(!text.contains("http:") && !text.contains("https:") && !text.contains("innerHTML"))
    #expect(await get(path, method: "POST", from: service()).status == 405)
  }

  @Test func anUnreachableDatabaseIsUnavailable() async throws {
    let response = await get("/admin/shards", from: service())
    #expect(response.status == 503)
    #expect(try json(response)["code"]?.integer != nil)
  }
}
