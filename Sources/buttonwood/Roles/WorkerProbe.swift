internal import HTTP
internal import JSON
internal import Ports
internal import Sharding

/// Asks a worker at its admin endpoint whether it is ready.
struct WorkerProbe: HealthProbe {
  /// The host that asks: a loopback address of another one leads nowhere.
  let host: String
  /// How long an answer may take.
  let limit: Duration

  func ask(_ heartbeat: Heartbeat) async -> Membership.Answer {
    guard let address = ListenAddress(heartbeat.admin), address.port != 0 else { return .unreachable }
    if address.isLoopback, heartbeat.host != host { return .unreachable }
    let outcome = await HTTPInquiry().get("/readyz", address: address.host, port: address.port, within: limit)
    switch outcome {
    case .answered(let status, let body):
      // The port may have gone to another process.
      guard Self.process(in: body) == heartbeat.worker.rawValue else { return .refused }
      return status == 200 ? .healthy : .unwell
    case .refused: return .refused
    case .silent: return .unwell
    case .badAddress: return .unreachable
    }
  }

  private static func process(in body: String) -> String? {
    (try? JSONDocument(Array(body.utf8)).root)?["process"]?.string
  }
}
