internal import Accounting
internal import ClientKit
internal import JSON
internal import Market
package import Ports

extension JSONWriter {
  /// An event of an account as its streams tell it: the order is shown as it was after the event.
  /// - Parameter words: Which words the stream's clients know.
  mutating func tradeEvent(
    _ event: AccountEvent, _ instrument: Instrument, _ clock: MarketClock, words: TradeEventWords = .all
  ) {
    beginObject()
    key("event")
    string(plain: words == .all ? event.event.kind.wire : event.event.kind.oldestWire)
    key("event_id")
    string(event.id.description)
    key("account_id")
    id(event.accountID)
    key("at")
    time(event.at)
    key("timestamp")
    time(event.at)
    // Not among the service's own fields; clients pass it by.
    if let reason = event.event.explanation {
      key("reason")
      string(reason)
    }
    if let position = event.position {
      key("execution_id")
      id(event.event.executionID)
      key("price")
      price(event.event.price)
      key("qty")
      quantity(event.event.quantity)
      key("position_qty")
      quantity(position)
    }
    key("order")
    order(ShownOrder(record: event.order, status: event.status), instrument, clock)
    endObject()
  }
}

/// Which words for events the clients of a stream know.
enum TradeEventWords: CaseIterable {
  /// All that the service has: server-sent events.
  case all
  /// Those that every library knows, the oldest and the strictest too, some of which fail over any other: WebSockets.
  case oldest
}

extension OrderEvent.Kind {
  /// Whether ``oldestWire`` is another word than ``wire``.
  var hasOlderWord: Bool {
    switch self {
    case .held, .triggered, .reduced: return true
    case .new, .partialFill, .fill, .canceled, .replaced, .rejected, .expired, .cancelRejected, .replaceRejected:
      return false
    }
  }

  /// As ``wire``, in words that every library knows. A leg that waits for its entry has been received and stands in no book
  /// yet (`pending_new`). A stop that was reached, and an exit that lost shares to the other, work from now on as the order
  /// says that comes with the event (`new`): the word `calculated`, which some know, would mean that they are over.
  var oldestWire: StaticString {
    switch self {
    case .held: return "pending_new"
    case .triggered, .reduced: return "new"
    case .new, .partialFill, .fill, .canceled, .replaced, .rejected, .expired, .cancelRejected, .replaceRejected:
      return wire
    }
  }

  /// The word on the wire. Clients know the service's words alone, so what it has no word for is `accepted` (a leg that
  /// waits for its entry) or `restated` (a stop that was reached, an exit that lost shares to the other); the order tells it.
  var wire: StaticString {
    switch self {
    case .new: return "new"
    case .partialFill: return "partial_fill"
    case .fill: return "fill"
    case .canceled: return "canceled"
    case .replaced: return "replaced"
    case .rejected: return "rejected"
    case .expired: return "expired"
    case .cancelRejected: return "order_cancel_rejected"
    case .replaceRejected: return "order_replace_rejected"
    case .held: return "accepted"
    case .triggered, .reduced: return "restated"
    }
  }
}

extension AccountEvent {
  /// Whether it tells clients nothing: an order of a class ends with the others, so the cancel of one that has ended so has
  /// come true already.
  package var saysNothing: Bool { event.kind == .cancelRejected && status == .canceled }
}
