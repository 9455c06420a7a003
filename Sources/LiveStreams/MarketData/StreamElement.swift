internal import ClientKit
internal import Market

/// One element of a message of the data stream.
enum StreamElement: Hashable {
  /// Something went well.
  case success(StaticText)
  /// Something did not.
  case error(StreamFault)
  /// All subscriptions of the client.
  case subscriptions(StreamSubscriptions)
  case trade(TradePrint, symbol: String, tape: String)
  case quote(Quote, symbol: String, tape: String)
  /// A bar of a minute (`b`), of the day so far (`d`), or of a minute that was told before (`u`).
  case bar(Bar, type: StaticText, symbol: String)
  /// A change of how an instrument trades.
  case status(StatusCodes, at: Timestamp, symbol: String, tape: String)
  /// A change of its price band.
  case band(BandNews, symbol: String, tape: String)
  /// What its next auction would lead to.
  case imbalance(AuctionNews, symbol: String, tape: String)
  /// A whole book.
  case book(MarketDepth, symbol: String)
  /// What changed in a book whose copy stands at a command.
  case change(MarketUpdate, from: Sequence, symbol: String)

  /// Words that stand in the program.
  enum StaticText: String, Hashable {
    case connected
    case authenticated
    case minute = "b"
    case day = "d"
    case updated = "u"
  }

  /// Writes it; `T` is the first member, because some clients insist.
  func write(to writer: inout some MarketEncoder) {
    switch self {
    case .success(let text):
      writer.map(2) { writer in
        writer.key("T")
        writer.text("success")
        writer.key("msg")
        writer.text(text.rawValue)
      }
    case .error(let fault):
      writer.map(3) { writer in
        writer.key("T")
        writer.text("error")
        writer.key("code")
        writer.whole(fault.rawValue)
        writer.key("msg")
        writer.text(fault.message)
      }
    case .subscriptions(let subscriptions):
      writer.map(1 + StreamChannel.listed.count) { writer in
        writer.key("T")
        writer.text("subscription")
        for channel in StreamChannel.listed {
          let symbols = (subscriptions[channel] ?? []).sorted()
          writer.key(channel.name)
          writer.list(symbols.count) { writer in for symbol in symbols { writer.text(symbol) } }
        }
      }
    case .trade(let trade, let symbol, let tape):
      writer.trade(trade, tape: tape, head: MarketHead(type: "t", symbol: symbol))
    case .quote(let quote, let symbol, let tape):
      writer.quote(quote, tape: tape, head: MarketHead(type: "q", symbol: symbol))
    case .bar(let bar, let type, let symbol): writer.bar(bar, head: MarketHead(type: type.rawValue, symbol: symbol))
    case .status(let codes, let moment, let symbol, let tape):
      writer.status(codes, at: moment, tape: tape, symbol: symbol)
    case .band(let news, let symbol, let tape): writer.band(news, tape: tape, symbol: symbol)
    case .imbalance(let news, let symbol, let tape): writer.imbalance(news, tape: tape, symbol: symbol)
    case .book(let depth, let symbol):
      writer.map(8) { writer in
        writer.key("T")
        writer.text("o")
        writer.key("S")
        writer.text(symbol)
        writer.key("r")
        writer.flag(true)
        writer.depthMembers(depth)
      }
    case .change(let update, let from, let symbol): Self.write(update, from: from, symbol: symbol, to: &writer)
    }
  }

  private static func write(
    _ update: MarketUpdate, from: Sequence, symbol: String, to writer: inout some MarketEncoder
  ) {
    writer.map(8) { writer in
      writer.key("T")
      writer.text("o")
      writer.key("S")
      writer.text(symbol)
      writer.key("t")
      writer.moment(update.at)
      writer.key("sequence")
      writer.whole(update.sequence.rawValue)
      writer.key("previous")
      writer.whole(from.rawValue)
      writer.key("checksum")
      writer.whole(Int64(update.checksum))
      writer.key("b")
      writer.levels(update.changes.filter { $0.side == .buy }.map(\.level))
      writer.key("a")
      writer.levels(update.changes.filter { $0.side == .sell }.map(\.level))
    }
  }
}

/// What goes wrong on the data stream, with the code that clients know.
enum StreamFault: Int64, Hashable, CaseIterable {
  case invalidSyntax = 400
  case notAuthenticated = 401
  case authenticationFailed = 402
  case alreadyAuthenticated = 403
  case authenticationTimeout = 404
  case symbolLimit = 405
  case connectionLimit = 406
  case invalidSubscription = 410
  case unknownSymbol = 411
  case tooManyMessages = 429
  case internalError = 500

  /// In words.
  var message: String {
    switch self {
    case .invalidSyntax: return "invalid syntax"
    case .notAuthenticated: return "not authenticated"
    case .authenticationFailed: return "auth failed"
    case .alreadyAuthenticated: return "already authenticated"
    case .authenticationTimeout: return "auth timeout"
    case .symbolLimit: return "symbol limit exceeded"
    case .connectionLimit: return "connection limit exceeded"
    case .invalidSubscription: return "invalid subscribe action for this feed"
    case .unknownSymbol: return "unknown symbol"
    case .tooManyMessages: return "too many messages"
    case .internalError: return "internal error"
    }
  }
}
