internal import HTTP
internal import HTTPClient
internal import JSON
internal import Ports
internal import Sharding

/// Asks a worker at its admin endpoint whether it is ready.
struct WorkerProbe: HealthProbe {
  /// Bytes of an answer.
  private static let longestAnswer = 8_192

  /// The host that asks: a loopback address of another one leads nowhere.
  private let host: String
  private let client: HTTPClient

  /// - Parameter limit: How long an answer may take.
  init(host: String, limit: Duration) {
    self.host = host
    var limits = HTTPClient.Limits()
    (limits.connect, limits.total, limits.answer) = (limit, limit, Self.longestAnswer)
    client = HTTPClient(limits)
  }

  func ask(_ heartbeat: Heartbeat) async -> Membership.Answer {
    // A heartbeat comes from Redis: no name in it is looked up.
    guard let address = ListenAddress(heartbeat.admin), address.port != 0, SocketAddress.isNumeric(address.host) else {
      return .unreachable
    }
    if address.isLoopback, heartbeat.host != host { return .unreachable }
    let place = address.host.contains(":") ? "[\(address.host)]" : address.host
    do throws(HTTPClientError) {
      let answer = try await client.send(HTTPCall("GET", "http://\(place):\(address.port)/readyz"))
      // The port may have gone to another process.
      guard Self.process(in: answer.body) == heartbeat.worker.rawValue else { return .refused }
      return answer.status == 200 ? .healthy : .unwell
    } catch {
      switch error {
      case .refused, .tooLong: return .refused
      case .unreachable, .unanswered, .untrusted: return .unwell
      case .badCall: return .unreachable
      }
    }
  }

  private static func process(in body: [UInt8]) -> String? { (try? JSONDocument(body).root)?["process"]?.string }
}
