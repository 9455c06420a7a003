package import JSON
package import Market

/// Writes values of market data, in whatever format a client reads.
package protocol MarketEncoder {
  /// An object with so many members, which `body` writes as ``key(_:)`` and a value each.
  mutating func map(_ count: Int, _ body: (inout Self) -> Void)
  /// A list of so many elements.
  mutating func list(_ count: Int, _ body: (inout Self) -> Void)
  /// The name of the next member.
  mutating func key(_ name: StaticString)
  /// A text.
  mutating func text(_ text: String)
  /// A whole number.
  mutating func whole(_ number: Int64)
  /// A number of `value` units of `10^-fractionDigits`.
  mutating func decimal(_ value: Int64, _ fractionDigits: Int)
  /// True or false.
  mutating func flag(_ value: Bool)
  /// A moment.
  mutating func moment(_ time: Timestamp)
}

extension JSONWriter: MarketEncoder {
  package mutating func map(_ count: Int, _ body: (inout JSONWriter) -> Void) {
    beginObject()
    body(&self)
    endObject()
  }

  package mutating func list(_ count: Int, _ body: (inout JSONWriter) -> Void) {
    beginArray()
    body(&self)
    endArray()
  }

  package mutating func text(_ text: String) { string(text) }
  package mutating func whole(_ number: Int64) { integer(number) }
  package mutating func flag(_ value: Bool) { bool(value) }
  package mutating func decimal(_ value: Int64, _ fractionDigits: Int) { number(value, fractionDigits: fractionDigits) }
  package mutating func moment(_ time: Timestamp) { marketTime(time) }
}

/// The letters of market data.
package enum MarketLetters {
  /// The exchange: independent of those on the tape.
  package static let exchange = "E"
  /// A trade like any other.
  package static let regularTrade = "@"
  /// Trades of an auction that opens trading, or opens it again.
  package static let opening = "O"
  /// Trades of the closing auction.
  package static let closing = "6"
  /// A quote of two sides, open for trading.
  package static let regularQuote = "R"
  /// No exchange: nobody quotes this side.
  package static let nobody = " "

  /// The tape on which trades of a listing are reported.
  package static func tape(of instrument: Instrument) -> String {
    switch instrument.exchange {
    case "NYSE": return "A"
    case "NASDAQ": return "C"
    default: return "B"
    }
  }
}

/// Who a message of a stream is about; nil members stand in answers to questions, where the place tells.
package struct MarketHead {
  /// The type of the message.
  package var type: String
  /// The symbol.
  package var symbol: String

  /// Begins a message.
  package init(type: String, symbol: String) {
    self.type = type
    self.symbol = symbol
  }
}

extension MarketEncoder {
  private mutating func head(_ head: MarketHead?) {
    guard let head else { return }
    key("T")
    text(head.type)
    key("S")
    text(head.symbol)
  }

  /// A trade.
  package mutating func trade(_ trade: TradePrint, tape: String, head: MarketHead? = nil) {
    map(head == nil ? 7 : 9) { writer in
      writer.head(head)
      writer.key("t")
      writer.moment(trade.at)
      writer.key("x")
      writer.text(MarketLetters.exchange)
      writer.key("p")
      writer.decimal(trade.price.rawValue, 4)
      writer.key("s")
      writer.whole(trade.size.rawValue)
      writer.key("c")
      writer.list(1) { $0.text(MarketLetters.regularTrade) }
      writer.key("i")
      writer.whole(trade.id)
      writer.key("z")
      writer.text(tape)
    }
  }

  /// A quote; a side without orders has price and size 0.
  package mutating func quote(_ quote: Quote, tape: String, head: MarketHead? = nil) {
    map(head == nil ? 9 : 11) { writer in
      writer.head(head)
      writer.key("t")
      writer.moment(quote.at)
      writer.key("ax")
      writer.text(quote.ask == nil ? MarketLetters.nobody : MarketLetters.exchange)
      writer.key("ap")
      writer.decimal(quote.ask?.price.rawValue ?? 0, 4)
      writer.key("as")
      writer.whole(quote.ask?.size.rawValue ?? 0)
      writer.key("bx")
      writer.text(quote.bid == nil ? MarketLetters.nobody : MarketLetters.exchange)
      writer.key("bp")
      writer.decimal(quote.bid?.price.rawValue ?? 0, 4)
      writer.key("bs")
      writer.whole(quote.bid?.size.rawValue ?? 0)
      writer.key("c")
      writer.list(1) { $0.text(MarketLetters.regularQuote) }
      writer.key("z")
      writer.text(tape)
    }
  }

  /// What the auctions of a day traded.
  package mutating func auctions(_ day: DailyAuctions) {
    map(3) { writer in
      writer.key("d")
      writer.text(day.day.description)
      writer.key("o")
      writer.prints(day.opening, condition: MarketLetters.opening)
      writer.key("c")
      writer.prints(day.closing, condition: MarketLetters.closing)
    }
  }

  private mutating func prints(_ prints: [DailyAuctions.Print], condition: String) {
    list(prints.count) { writer in
      for print in prints {
        writer.map(5) { writer in
          writer.key("t")
          writer.moment(print.at)
          writer.key("x")
          writer.text(MarketLetters.exchange)
          writer.key("p")
          writer.decimal(print.price.rawValue, 4)
          writer.key("s")
          writer.whole(print.size.rawValue)
          writer.key("c")
          writer.text(condition)
        }
      }
    }
  }

  /// A bar.
  package mutating func bar(_ bar: Bar, head: MarketHead? = nil) {
    map(head == nil ? 8 : 10) { writer in
      writer.head(head)
      writer.key("t")
      writer.moment(bar.start)
      writer.key("o")
      writer.decimal(bar.open.rawValue, 4)
      writer.key("h")
      writer.decimal(bar.high.rawValue, 4)
      writer.key("l")
      writer.decimal(bar.low.rawValue, 4)
      writer.key("c")
      writer.decimal(bar.close.rawValue, 4)
      writer.key("v")
      writer.whole(bar.volume.rawValue)
      writer.key("n")
      writer.whole(bar.trades)
      writer.key("vw")
      writer.decimal(bar.meanMicrodollars, 6)
    }
  }

  /// Levels of a side.
  package mutating func levels(_ levels: some Collection<PriceLevelView>) {
    list(levels.count) { writer in
      for level in levels {
        writer.map(2) { writer in
          writer.key("p")
          writer.decimal(level.price.rawValue, 4)
          writer.key("s")
          writer.whole(level.size.rawValue)
        }
      }
    }
  }
}

extension MarketEncoder {
  /// The members `t`, `sequence`, `checksum`, `b` and `a` of a book; the checksum is that of the whole.
  package mutating func depthMembers(_ depth: MarketDepth, levels: Int = .max) {
    key("t")
    moment(depth.at)
    key("sequence")
    whole(depth.sequence.rawValue)
    key("checksum")
    whole(Int64(depth.checksum))
    key("b")
    self.levels(depth.bids.prefix(levels))
    key("a")
    self.levels(depth.asks.prefix(levels))
  }
}
