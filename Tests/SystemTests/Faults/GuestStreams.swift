import Glibc
import TestKit

/// One stream of each kind that a key can open.
struct GuestStreams: Sendable {
  private let sockets: [(name: String, socket: StreamSocket)]

  /// Opens them.
  init(port: UInt16, key: String, secret: String) throws {
    let headers = "APCA-API-KEY-ID: \(key)\r\nAPCA-API-SECRET-KEY: \(secret)\r\n"
    func socket(_ path: String, _ headers: String = "", says messages: [(String, expects: String)]) throws
      -> StreamSocket
    {
      let caller = try WebSocketCaller(port: port, path: path, headers: headers)
      for (message, expected) in messages {
        if !message.isEmpty { caller.send(message) }
        var text = ""
        while !text.contains(expected) { text = try caller.receiveMessage().text }
      }
      return caller.socket
    }
    let events = try StreamSocket(port: port)
    events.send("GET /v2/events/trades HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
    _ = try events.receive(until: ": caught up\n\n")
    let login = #"{"action":"authenticate","data":{"key_id":"\#(key)","secret_key":"\#(secret)"}}"#
    let auth = #"{"action":"auth","key":"\#(key)","secret":"\#(secret)"}"#
    let subscribe = (
      #"{"action":"subscribe","trades":["S0"],"depth":["S0"],"statuses":["*"]}"#, expects: "subscription"
    )
    sockets = [
      ("server-sent events", events),
      (
        "trade updates",
        try socket(
          "/stream",
          says: [
            (login, "authorized"), (#"{"action":"listen","data":{"streams":["trade_updates"]}}"#, "listening"),
          ])
      ),
      ("trade updates, not listened to", try socket("/stream", says: [(login, "authorized")])),
      ("market data by headers", try socket("/v2/iex", headers, says: [("", "authenticated"), subscribe])),
      ("market data by message", try socket("/v2/sip", says: [("", "connected"), (auth, "authenticated"), subscribe])),
      ("market data without subscriptions", try socket("/v2/sip", headers, says: [("", "authenticated")])),
    ]
  }

  /// Reads each to its end.
  /// - Returns: Those that the server has not ended.
  func unended() -> [String] {
    sockets.compactMap { name, socket in
      while true {
        do {
          _ = try socket.receive(1)
        } catch {
          return errno == EAGAIN ? name : nil
        }
      }
    }
  }
}
