/// How a client follows an account's events.
package enum StreamKind: String, Sendable, CaseIterable {
  /// `GET /stream`: a WebSocket that is told whose it is and asked for `trade_updates`.
  case websocket
  /// `GET /v2/events/trades`: server-sent events.
  case sse
}

/// Which kinds a crowd of streams has.
package enum StreamMix: String, Sendable, CaseIterable {
  case websocket, sse, both

  /// The kind of the stream with this number, counted from 0: the two in turn where both are wanted.
  package func kind(of number: Int) -> StreamKind {
    switch self {
    case .websocket: .websocket
    case .sse: .sse
    case .both: number % 2 == 0 ? .websocket : .sse
    }
  }
}
