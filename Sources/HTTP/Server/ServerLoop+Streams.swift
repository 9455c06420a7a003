internal import CMicroHTTPD
internal import Glibc

extension ServerLoop {
  /// Takes a suspended connection's socket out of libmicrohttpd and gives it to the streams.
  ///
  /// Each resume of a request costs libmicrohttpd a walk over all connections that are suspended or upgraded, so streams
  /// must not stay in it. A suspended connection's socket is in no epoll set: a duplicate of it goes to the streams, and
  /// under its number libmicrohttpd finds a socket without a peer, which it closes when it is told to give up.
  func handOver(_ exchange: Exchange, _ response: HTTPResponse) -> Exchange.Stage {
    guard let opening = response.opening, drain == nil else { return .answered(stopping) }
    let socket = fcntl(exchange.record.socket, F_DUPFD_CLOEXEC, 0)
    guard socket >= 0 else { return .answered(tooMany) }
    guard streams.adopt(socket, opening, head: response.streamHead, peer: exchange.client) else {
      close(socket)
      return .answered(tooMany)
    }
    dup2(placeholder, exchange.record.socket)
    _ = fcntl(exchange.record.socket, F_SETFD, FD_CLOEXEC)
    counters.countAnswer(status: response.status)
    return .handedOver
  }

  private var tooMany: HTTPResponse { configuration.refusal(503, "the server has too many open streams") }
  private var stopping: HTTPResponse { configuration.refusal(503, "the server is stopping") }
}
