internal import JSON
package import HTTPLoad

/// What an answer of the Trading API means to a load that must lose no order and double none.
package enum TradingAnswer: Sendable, Equatable {
  /// The order is durable under this identifier.
  case order(String)
  /// The cancel is accepted.
  case accepted
  /// What was asked for is shown.
  case shown
  /// An order with this `client_order_id` exists already.
  case duplicate
  /// The order is not yet far enough to be replaced: its state.
  case tooEarly(String)
  /// The order is finished, or was replaced: its state.
  case tooLate(String)
  /// There is no such order.
  case notFound
  /// Refused for another reason.
  case refused(reason: String)
  /// Too many requests: none before this many nanoseconds have passed.
  case throttled(wait: Int64)
  /// Certainly nothing was done, and the same may be tried again.
  case unavailable
  /// It may have been carried out or not.
  case unknown
}

extension TradingAnswer {
  /// The wait after an answer 429 that names none, in nanoseconds.
  static let defaultThrottle: Int64 = 1_000_000_000
  /// The longest wait that a `Retry-After` is honoured with, in nanoseconds.
  static let longestThrottle: Int64 = 60_000_000_000

  /// What became of a call.
  package init(_ outcome: HTTPCompletion.Outcome) {
    switch outcome {
    case .answered(let reply): self.init(reply)
    case .failed(.refused), .failed(.queueFull), .failed(.stopped): self = .unavailable
    case .failed(.closed), .failed(.timedOut), .failed(.malformed): self = .unknown
    }
  }

  /// What became of a call that may be a question, to which any answer 200 will do.
  init(_ outcome: HTTPCompletion.Outcome, to call: TradingCall) {
    if case .read = call, case .answered(let reply) = outcome, reply.status == 200 {
      self = .shown
    } else {
      self.init(outcome)
    }
  }

  init(_ reply: HTTPReply) {
    switch reply.status {
    case 200: self = JSONValue.read(reply.body)?["id"]?.string.map { .order($0) } ?? .unknown
    case 204: self = .accepted
    case 404: self = .notFound
    case 429: self = .throttled(wait: Self.wait(reply.header("Retry-After")))
    case 500...599: self = .unknown
    default: self.init(refusal: JSONValue.read(reply.body), status: reply.status)
    }
  }

  private init(refusal: JSONValue?, status: Int) {
    let message = refusal?["message"]?.string ?? "status \(status) without a message"
    if message == "client_order_id must be unique" {
      self = .duplicate
    } else if message.hasPrefix("cannot replace order in "), let state = Self.word(of: message, after: "order in ") {
      self = Self.isPending(state) ? .tooEarly(state) : .tooLate(state)
    } else if message == "order already replaced" {
      self = .tooLate("replaced")
    } else if message.hasPrefix("order is already in "), let state = Self.word(of: message, after: "already in \"") {
      self = .tooLate(state)
    } else {
      self = .refused(reason: "\(status) " + Self.withoutParticulars(message))
    }
  }

  private static func isPending(_ state: String) -> Bool { state == "accepted" || state.hasPrefix("pending_") }

  /// The word that stands behind `mark`, up to a quote or space.
  private static func word(of message: String, after mark: String) -> String? {
    var rest = message[...]
    while !rest.hasPrefix(mark) {
      guard !rest.isEmpty else { return nil }
      rest.removeFirst()
    }
    return String(rest.dropFirst(mark.count).prefix { $0 != " " && $0 != "\"" })
  }

  /// The message with each word that holds a digit replaced, so that messages of one kind count together.
  private static func withoutParticulars(_ message: String) -> String {
    message.split(separator: " ").map { word in
      word.utf8.contains { (0x30...0x39).contains($0) } ? "#" : String(word)
    }.joined(separator: " ")
  }

  private static func wait(_ header: String?) -> Int64 {
    guard let header, let seconds = Int64(header), seconds >= 0 else { return defaultThrottle }
    return min(seconds * 1_000_000_000, longestThrottle)
  }
}
