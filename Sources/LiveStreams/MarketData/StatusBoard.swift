internal import Engine
internal import Market
internal import Ports
internal import Services

/// A price band as clients are told of it.
struct BandNews: Hashable {
  /// How a band came about, by the letters of the tape for NASDAQ's listings.
  enum Letter: String, Hashable {
    case opening = "A"
    case duringTheDay = "B"
    case suspended = "D"
    case reopening = "E"
    case outsideHours = "F"
  }

  /// The band; nil while there is none.
  var band: PriceBand?
  var limit: LimitState.Edge?
  var letter: Letter
  var at: Timestamp
}

/// What an auction would lead to, as clients are told of it.
struct AuctionNews: Hashable {
  /// Nil when no price lets anything trade.
  var indication: CallIndication?
  var at: Timestamp
}

/// What was told last of sessions, halts, bands and auctions: finds what is new. What is seen for the first time is no news.
struct StatusBoard {
  /// What is new of one instrument.
  struct News: Hashable {
    /// Its status, if that is another.
    var status: TradingStatus?
    /// Its band, if that is another.
    var band: BandNews?
  }

  private var statuses: [InstrumentID: TradingStatus] = [:]
  /// How instruments traded when somebody began to follow them, until they are looked at next.
  private var noted: [InstrumentID: TradingStatus] = [:]
  private var auctions: [InstrumentID: CallIndication?] = [:]

  /// Takes note of how instruments trade as somebody begins to follow them: what changes from here on is news.
  mutating func note(_ now: [InstrumentID: TradingStatus]) {
    for (id, status) in now where statuses[id] == nil { noted[id] = noted[id] ?? status }
  }

  /// Those of instruments that nothing is known of yet.
  func unseen(_ ids: Set<InstrumentID>) -> Set<InstrumentID> {
    ids.filter { statuses[$0] == nil && noted[$0] == nil }
  }

  /// Takes in how instruments trade now.
  mutating func take(_ now: [InstrumentID: TradingStatus]) -> [InstrumentID: News] {
    var news: [InstrumentID: News] = [:]
    var next = now
    for (id, status) in now {
      guard let before = statuses[id] ?? noted.removeValue(forKey: id) else { continue }
      // It has been told to halt or to go on and has not come to it: then it is told, with its time.
      guard status.phase.isHalted == (status.haltReason != nil) else {
        next[id] = before
        continue
      }
      var found = News()
      if (before.state, before.haltReason, before.phase.point) != (status.state, status.haltReason, status.phase.point)
      {
        found.status = status
      }
      if before.band != status.band || before.phase.limit != status.phase.limit {
        found.band = BandNews(
          band: status.band, limit: status.phase.limit, letter: Self.letter(before, status), at: status.since)
      }
      if found != News() { news[id] = found }
    }
    statuses = next
    auctions = auctions.filter { now[$0.key] != nil }
    return news
  }

  private static func letter(_ before: TradingStatus, _ now: TradingStatus) -> BandNews.Letter {
    switch now.state {
    case .halted, .paused: return .suspended
    case .closed, .preOpen: return .outsideHours
    case .open:
      guard now.band != nil else { return .outsideHours }
      switch before.state {
      case .halted, .paused: return .reopening
      case .closed, .preOpen: return .opening
      case .open: return before.band == nil ? .opening : .duringTheDay
      }
    }
  }

  /// Takes in what auctions would be held with now.
  mutating func take(_ calls: [InstrumentID: MarketCall]) -> [InstrumentID: AuctionNews] {
    var news: [InstrumentID: AuctionNews] = [:]
    for (id, call) in calls {
      let indication = CallIndication(call)
      // Before anything trades there is nothing to tell.
      guard indication != (auctions[id] ?? nil) else { continue }
      news[id] = AuctionNews(indication: indication, at: call.at)
    }
    auctions = calls.mapValues { CallIndication($0) }
    return news
  }
}
