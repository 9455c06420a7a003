package import Market

/// One row of recorded order flow: what happened at the venue, and when.
package struct FlowRow: Sendable, Equatable {
  /// The row's number in its file, counted from 1 without the header.
  package var number: Int
  /// Nanoseconds since the venue's midnight.
  package var time: Int64
  /// What happened.
  package var action: FlowAction
}

/// What a row of recorded order flow asks of a book.
package enum FlowAction: Sendable, Equatable {
  /// A limit order arrives; what of it does not trade rests.
  case enter(FlowOrder)
  /// A limit order arrives; what of it does not trade is dropped.
  case take(FlowOrder)
  /// A resting order loses `shares` and keeps its place.
  case reduce(order: UInt64, by: Int64)
  /// A resting order leaves.
  case cancel(order: UInt64)
  /// Nothing that can be replayed.
  case skip(FlowSkip)
}

/// An order as recorded.
package struct FlowOrder: Sendable, Equatable {
  /// The venue's number; 0 when the venue does not name it.
  package var id: UInt64
  package var side: Side
  package var price: Price
  package var quantity: Int64
  /// What it traded at once, in order.
  package var fills: [FlowFill]

  /// Shares it traded at once.
  package var filledAtOnce: Int64 { fills.reduce(0) { $0 + $1.quantity } }
}

/// A fill as recorded, seen from the aggressor.
package struct FlowFill: Sendable, Equatable {
  /// The venue's number of the resting order.
  package var maker: UInt64
  package var price: Price
  package var quantity: Int64
}

/// Why a row is not replayed.
package enum FlowSkip: String, Sendable, CaseIterable {
  case hiddenExecution = "execution of a hidden order"
  case crossTrade = "cross trade"
  case halt = "halt or resumption"
}
