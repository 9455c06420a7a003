internal import APIKit
internal import Digest
package import HTTP
internal import JSON
internal import Market
package import Ports
package import Services
internal import Sharding
package import Telemetry

/// The admin endpoint of a process: health and metrics for everyone who reaches it, the fleet for holders of the token.
package struct AdminService: Sendable {
  private let tokenDigest: SHA256Digest?
  private let metrics: Metrics
  private let fleet: any FleetReader
  private let findings: any FindingReader
  private let fleetOperator: FleetOperator
  let halts: @Sendable (_ peer: String) -> any TradingHalts
  private let process: String
  private let whyNotReady: @Sendable () async -> String?

  /// Makes an endpoint.
  /// - Parameters:
  ///   - token: What a caller must show as a bearer token; nil or empty closes `/admin`.
  ///   - metrics: What `/metrics` shows.
  ///   - fleet: What `/admin` shows.
  ///   - findings: What `/admin/findings` shows.
  ///   - fleetOperator: Tells workers what `POST /admin/workers` asks for.
  ///   - halts: Carries out what `POST /admin/symbols` asks for, in the name of who asks from an address.
  ///   - process: The process's name, which `/healthz` and `/readyz` tell.
  ///   - whyNotReady: What `/readyz` answers with 503; nil when the process is ready.
  package init(
    token: String?, metrics: Metrics, fleet: any FleetReader, findings: any FindingReader, fleetOperator: FleetOperator,
    halts: @escaping @Sendable (_ peer: String) -> any TradingHalts, process: String,
    whyNotReady: @escaping @Sendable () async -> String?
  ) {
    tokenDigest = token.flatMap { $0.isEmpty ? nil : SHA256Digest(of: $0) }
    self.metrics = metrics
    self.fleet = fleet
    self.findings = findings
    self.fleetOperator = fleetOperator
    self.halts = halts
    self.process = process
    self.whyNotReady = whyNotReady
  }

  /// Answers one request.
  package func handle(_ request: HTTPRequest) async -> HTTPResponse {
    do throws(APIError) {
      return try await answer(request)
    } catch {
      return error.response
    }
  }

  private func answer(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
    let path = request.rawPath.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    guard path.first != "admin" else {
      // Who may not look learns nothing of what there is.
      try authorize(request)
      return try await admin(path.dropFirst(), request)
    }
    switch path {
    case ["healthz"]:
      try onlyReads(request)
      return status(200, "ok")
    case ["readyz"]:
      try onlyReads(request)
      if let reason = await whyNotReady() { return status(503, "not ready", reason) }
      return status(200, "ok")
    case ["metrics"]:
      try onlyReads(request)
      return HTTPResponse(
        status: 200, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
        body: Array(metrics.text.utf8))
    default:
      guard path.count == 1, let page = ConsolePage(path[0]) else { throw .noEndpoint }
      try onlyReads(request)
      return page.response
    }
  }

  private func admin(_ path: ArraySlice<String>, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
    if path.count == 3, path.first == "workers", let order = path.last.flatMap(WorkerInstruction.init) {
      return try await instruct(WorkerID(rawValue: path[path.startIndex + 1]), order, request)
    }
    if path.count == 3, path.first == "symbols", let order = path.last.flatMap(SymbolInstruction.init) {
      return try await instruct(path[path.startIndex + 1], order, request)
    }
    try onlyReads(request)
    var writer = JSONWriter(capacity: 4096)
    switch (path.first, path.dropFirst().first, path.count) {
    case ("shards", nil, 1): writer.shards(try await fleetStatus())
    case ("workers", nil, 1): writer.workers(try await fleetStatus())
    case ("leader", nil, 1): writer.leader(try await fleetStatus())
    case ("scaling", nil, 1): writer.scaling(try await fleetStatus())
    case ("findings", nil, 1): writer.findingsObject(await findings.findings())
    case ("shards", let name?, 2):
      let fleet = try await fleetStatus()
      guard let shard = fleet.shards.first(where: { $0.record.shard.description == name }) else {
        throw APIError(404, "there is no shard \(name)", reason: "not_found")
      }
      writer.shard(shard)
    default: throw .noEndpoint
    }
    return .json(200, writer)
  }

  /// Tells a worker something; the answer is how it stood before.
  private func instruct(
    _ worker: WorkerID, _ order: WorkerInstruction, _ request: HTTPRequest
  ) async throws(APIError) -> HTTPResponse {
    guard request.method == "POST" else { throw .methodNotAllowed("POST") }
    let instructed: Heartbeat?
    do throws(StreamError) { instructed = try await fleetOperator.instruct(worker, order) } catch {
      throw APIError(503, "Redis cannot be reached: \(error.reason)", reason: "unavailable")
    }
    guard let instructed else { throw APIError(404, "there is no worker of that name", reason: "not_found") }
    var writer = JSONWriter(capacity: 512)
    writer.worker(instructed)
    return .json(202, writer)
  }

  private func fleetStatus() async throws(APIError) -> FleetStatus {
    do { return try await fleet.fleet() } catch { throw APIError(error) }
  }

  private func onlyReads(_ request: HTTPRequest) throws(APIError) {
    guard Method(request) == .get else { throw .methodNotAllowed("GET, HEAD") }
  }

  /// Checks the token; the comparison's time tells nothing about where it differs.
  private func authorize(_ request: HTTPRequest) throws(APIError) {
    guard let tokenDigest else {
      throw APIError(403, "the admin endpoint is closed: no BUTTONWOOD_ADMIN_TOKEN is set", reason: "closed")
    }
    let scheme = "bearer "
    let given = request.header("Authorization") ?? ""
    let isBearer = given.prefix(scheme.count).lowercased() == scheme
    let isRight = SHA256Digest(of: String(given.dropFirst(scheme.count))).isEqualInConstantTime(to: tokenDigest)
    guard isBearer, isRight else {
      throw APIError(401, "a bearer token is needed: Authorization: Bearer …", reason: "unauthorized")
    }
  }

  private func status(_ status: Int, _ text: StaticString, _ reason: String? = nil) -> HTTPResponse {
    var writer = JSONWriter(capacity: 64)
    writer.beginObject()
    writer.key("status")
    writer.string(plain: text)
    writer.key("process")
    writer.string(process)
    if let reason {
      writer.key("reason")
      writer.string(reason)
    }
    writer.endObject()
    return .json(status, writer)
  }
}
