internal import ClientKit
internal import Engine
internal import Market
internal import Services

/// Messages of the data stream about sessions, halts, bands and auctions.
extension MarketEncoder {
  /// How an instrument trades from now on.
  mutating func status(_ codes: StatusCodes, at moment: Timestamp, tape: String, symbol: String) {
    map(8) { writer in
      writer.key("T")
      writer.text("s")
      writer.key("S")
      writer.text(symbol)
      writer.key("sc")
      writer.text(codes.status)
      writer.key("sm")
      writer.text(codes.statusText)
      writer.key("rc")
      writer.text(codes.reason)
      writer.key("rm")
      writer.text(codes.reasonText)
      writer.key("t")
      writer.moment(moment)
      writer.key("z")
      writer.text(tape)
    }
  }

  /// A price band; both ends are 0 while there is none.
  mutating func band(_ news: BandNews, tape: String, symbol: String) {
    map(8) { writer in
      writer.key("T")
      writer.text("l")
      writer.key("S")
      writer.text(symbol)
      writer.key("u")
      writer.decimal(news.band?.upper.rawValue ?? 0, 4)
      writer.key("d")
      writer.decimal(news.band?.lower.rawValue ?? 0, 4)
      writer.key("i")
      writer.text(news.letter.rawValue)
      writer.key("limit_state")
      switch news.limit {
      case .lower: writer.text("limit_down")
      case .upper: writer.text("limit_up")
      case nil: writer.text("")
      }
      writer.key("t")
      writer.moment(news.at)
      writer.key("z")
      writer.text(tape)
    }
  }

  /// What the next auction would lead to; price 0 when nothing would trade.
  mutating func imbalance(_ news: AuctionNews, tape: String, symbol: String) {
    map(8) { writer in
      writer.key("T")
      writer.text("i")
      writer.key("S")
      writer.text(symbol)
      writer.key("p")
      writer.decimal(news.indication?.price.rawValue ?? 0, 4)
      writer.key("paired")
      writer.whole(news.indication?.paired.rawValue ?? 0)
      writer.key("imbalance")
      writer.whole(news.indication?.imbalance.rawValue ?? 0)
      writer.key("imbalance_side")
      switch news.indication?.imbalanceSide {
      case .buy: writer.text("buy")
      case .sell: writer.text("sell")
      case nil: writer.text("")
      }
      writer.key("t")
      writer.moment(news.at)
      writer.key("z")
      writer.text(tape)
    }
  }
}
