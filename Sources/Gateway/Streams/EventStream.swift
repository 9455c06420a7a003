internal import HTTP
internal import Ports

/// A client's stream of events as the feed sees it.
protocol EventStream: AnyObject, Sendable {
  /// The key by which it was opened; the stream ends when that is revoked.
  var keyID: String { get }
  /// Whether it can take more now; who cannot, and is no ``dropsWhenFull``, gets the rest later.
  var hasRoom: Bool { get }
  /// Follows live only: who does not keep up is closed by the queue's bound.
  var dropsWhenFull: Bool { get }

  /// Events follow from here on.
  func began()
  /// Takes events, which are there in both forms.
  func take(_ events: [EncodedEvent])
  /// Everything that was asked for has been sent.
  func finished()
  /// The key is no longer valid.
  func revoked()
}

/// An event ready to be sent to any number of clients.
struct EncodedEvent: Sendable {
  /// For server-sent events.
  let line: HTTPStreamChunk
  /// For WebSockets.
  let message: HTTPStreamChunk
}
