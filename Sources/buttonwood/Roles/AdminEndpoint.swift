internal import HTTP
internal import Lifecycle
internal import Telemetry

/// The admin port of a process: health for everyone, the rest for who has the token.
struct AdminEndpoint {
  /// Where it listens and who may ask.
  struct Options {
    var listen: ListenAddress
    var token: String?

    /// Reads `--admin-listen` and the token.
    init(_ line: inout CommandLineOptions, port: UInt16) {
      listen = ListenAddress.read(
        "admin-listen", default: "127.0.0.1:\(port)", &line, help: "Where health, metrics and admin questions are answered.")
      token = line.secret("admin-token", help: "What admin questions must bring as bearer token; none closes them.")
    }
  }

  private let server: HTTPServer

  /// Binds and serves.
  init(
    _ options: Options, role: String, log: Log, isReady: @escaping @Sendable () async -> Bool
  ) throws(HTTPServerError) {
    var configuration = HTTPServerConfiguration()
    configuration.address = options.listen.host
    configuration.port = options.listen.port
    configuration.connectionLimit = 256
    server = try HTTPServer(configuration: configuration) { request in
      switch request.rawPath {
      case "/healthz": return HTTPResponse(status: 200, body: Array("{\"status\":\"ok\"}".utf8))
      case "/readyz": return HTTPResponse(status: await isReady() ? 200 : 503, body: Array("{}".utf8))
      default: return HTTPResponse(status: 404, body: Array("{\"code\":40410000,\"message\":\"endpoint not found.\"}".utf8))
      }
    }
    server.start()
  }

  /// Ends it.
  func stop() async { _ = await server.drain(deadline: .seconds(2)) }
}
