/// The bounds of a load client.
public struct HTTPLoadClientConfiguration: Sendable {
  /// The server's numeric IPv4 or IPv6 address.
  public var address = "127.0.0.1"
  /// The server's TCP port.
  public var port: UInt16
  /// The `Host` header; nil makes it from address and port.
  public var host: String?
  /// Connections; each is opened when first needed and again after it was closed.
  public var connections = 16
  /// Requests sent on a connection before the first of them is answered.
  public var pipelineDepth = 1
  /// Requests taken and not completed; further ones are turned away.
  public var queueLimit = 100_000
  /// How long a connection may take to open, and an answer to arrive after its request was sent.
  public var timeout: Duration = .seconds(30)
  /// Bytes of an answer.
  public var answerLimit = 64 * 1024 * 1024
  /// Keeps the headers of answers; off saves time.
  public var keepsHeaders = false
  /// Opens all connections at once, before there are requests for them.
  public var opensAtStart = false

  /// The defaults, for a server on this host's `port`.
  public init(port: UInt16) { self.port = port }

  var hostBytes: [UInt8] {
    let literal = address.contains(":") ? "[\(address)]" : address
    return Array((host ?? "\(literal):\(port)").utf8)
  }
}
