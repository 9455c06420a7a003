package import Accounting
internal import HTTP

/// A stream of any kind that somebody has proved a key for: it ends when the key does.
package protocol KeyedStream: AnyObject, Sendable {
  /// The key by which it was opened.
  var keyID: String { get }
  /// The key is no longer valid, or its account has been blocked since the stream was opened.
  func revoked()
}

/// A client's stream of events as the feed sees it.
package protocol EventStream: KeyedStream {
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
}

/// An event ready to be sent to any number of clients.
package struct EncodedEvent: Sendable {
  /// Its public name.
  package let id: EventID
  /// For server-sent events.
  let line: HTTPStreamChunk
  /// For WebSockets.
  let message: HTTPStreamChunk
}
