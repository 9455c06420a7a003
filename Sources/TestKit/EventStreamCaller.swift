/// A client of server-sent events for tests.
///
/// `@unchecked Sendable`: used by one thread at a time.
public final class EventStreamCaller: @unchecked Sendable {
  /// An event.
  public struct Event: Equatable, Sendable {
    /// By what a client resumes behind it.
    public var id: String
    /// What it tells.
    public var data: String

    /// Makes an event to compare with.
    public init(id: String, data: String) {
      self.id = id
      self.data = data
    }
  }

  /// The connection.
  public let socket: StreamSocket
  /// The head of the server's answer.
  public let head: String

  /// Connects and asks.
  /// - Parameter headers: Further lines of the request's head, each with its line end.
  public init(port: UInt16, path: String, headers: String = "", patience: Int = 20, receiveBuffer: Int32? = nil) throws
  {
    socket = try StreamSocket(port: port, patience: patience, receiveBuffer: receiveBuffer)
    socket.send("GET \(path) HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\(headers)\r\n")
    head = try socket.receive(until: "\r\n\r\n")
    guard head.hasPrefix("HTTP/1.1 200 ") else { throw StreamSocket.Ended(description: head) }
  }

  /// The next event; comments are skipped.
  public func next() throws -> Event {
    while true {
      let block = try socket.receive(until: "\n\n")
      var event = Event(id: "", data: "")
      for line in block.split(separator: "\n") {
        if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
        if line.hasPrefix("data: ") { event.data += line.dropFirst(6) }
      }
      if !event.data.isEmpty { return event }
    }
  }
}
