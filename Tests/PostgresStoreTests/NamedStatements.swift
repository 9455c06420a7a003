import Accounting
import Lifecycle
import Market
import Ports
import Postgres

@testable import PostgresStore

/// All statements that sessions of the ledger prepare, for tests that look at each of them. A test compares the list with
/// the sources.
enum NamedStatements {
  /// Statements that name a day's tables name those of `day`.
  static func all(day: Day) -> [PostgresStatement] {
    acceptance(day) + settling(day) + reading(day) + marketData(day) + marketDay(day) + accounts(day) + operators
  }

  private static func acceptance(_ day: Day) -> [PostgresStatement] {
    [
      AcceptanceStatements.lockAccounts, AcceptanceStatements.lockPositions, AcceptanceStatements.findKeys,
      AcceptanceStatements.findSiblings, AcceptanceStatements.findBounds, AcceptanceStatements.findCrossings,
      AcceptanceStatements.findProcessed, AcceptanceStatements.findCollecting, AcceptanceStatements.holdCash,
      AcceptanceStatements.holdShares, AcceptanceStatements.insertKeys,
      AcceptanceStatements.insertConditions, AcceptanceStatements.markPending(day: day),
      AcceptanceStatements.waitForCounters,
      AcceptanceStatements.rollBack, AcceptanceStatements.begin, AcceptanceStatements.commit,
      AcceptanceStatements.number(day: day, isConditional: false),
      AcceptanceStatements.number(day: day, isConditional: true),
      AcceptanceStatements.number(day: nil, isConditional: false),
      AcceptanceStatements.number(day: nil, isConditional: true),
      AcceptanceStatements.heldAccounts, AcceptanceStatements.heldPositions, AcceptanceStatements.heldOrders(day: day),
      SessionStatements.endStalled,
    ]
  }

  private static func settling(_ day: Day) -> [PostgresStatement] {
    [
      SettlingStatements.claim, SettlingStatements.standingAmong, SettlingStatements.bookCursor,
      SettlingStatements.bookPage,
      SettlingStatements.bookLength, SettlingStatements.bookMiddle, SettlingStatements.exportSnapshot,
      OrderStatements.find(day: day), SettlingStatements.bookRows(day: day),
      SettlingStatements.bookPrices, SettlingStatements.bookPhases, SettlingStatements.bookInstruments,
      AuctionStatements.ofBooks,
      SettlingStatements.beginSnapshot,
      SettlingStatements.commit, SettlingStatements.lastSequences, SettlingStatements.attempts,
      SettlingStatements.quarantined, SettlingStatements.recordAttempt, SettlingStatements.noteFailure,
      SettlingStatements.withdrawTry, SettlingStatements.quarantine, SettlingStatements.takeMarks(day: day),
      SettlingStatements.moveCursors, SettlingStatements.changeAccounts, SettlingStatements.changePositions,
      SettlingStatements.openPositions, SettlingStatements.changeHeldShares, AuctionStatements.change,
      AuctionStatements.insertPrints,
      SettlingStatements.changePrices,
      SettlingStatements.changePhases,
      SettlingStatements.changeOrders(day: day),
      SettlingStatements.changeConditions, SettlingStatements.changeQuantities(day: day),
      SettlingStatements.insertTrades(day: day), SettlingStatements.insertEvents(day: day), LogStatements.counters,
      LogStatements.rows(day: day), LogStatements.instructions(day: day), DayStatements.list, DayStatements.mark,
      DayStatements.release, PartitionStatements.missing, PartitionStatements.make, PartitionStatements.ahead,
      PartitionStatements.dropOpenIndex,
    ]
  }

  private static func reading(_ day: Day) -> [PostgresStatement] {
    let lists = [true, false].flatMap { ascending in
      [true, false].flatMap { nested in
        [
          ReadingStatements.openOrders(ascending: ascending, nested: nested),
          ReadingStatements.orders(day: day, isClosed: true, ascending: ascending, nested: nested),
          ReadingStatements.orders(day: day, isClosed: false, ascending: ascending, nested: nested),
        ]
      }
    }
    return lists + [
      ReadingStatements.credential, ReadingStatements.snapshot, ReadingStatements.positions,
      ReadingStatements.orders(day: day), ReadingStatements.reason(day: day), ReadingStatements.orderOfKey,
      ReadingStatements.days, ReadingStatements.instruments, ReadingStatements.lastPrices,
      ReadingStatements.lags, ReadingStatements.legs, EventStatements.events(days: [day, day.advanced(by: 1)]),
      EventStatements.events(days: nil),
      EventStatements.events(days: []), EventStatements.days, EventStatements.news,
      EventStatements.keyStates, ReadingStatements.shards, AccountStoreStatements.ping,
      HealthStatements.schema, HealthStatements.server, HealthStatements.halts,
      ReadingStatements.probe, ReadingStatements.clock, StreamKeyStatements.read, StreamKeyStatements.lock,
      StreamKeyStatements.make,
      StreamKeyStatements.list, StreamKeyStatements.end, RestorationStatements.fence,
      RestorationStatements.renew, RestorationStatements.ends, RestorationStatements.read,
    ]
  }

  private static func marketData(_ day: Day) -> [PostgresStatement] {
    let frames: [BarFrame] = [.minutes(5), .day, .week, .months(1)]
    return [true, false].flatMap { ascending in
      [
        MarketDataStatements.trades(ascending: ascending), MarketDataStatements.quotes(ascending: ascending),
        MarketDataStatements.minuteBars(ascending: ascending), MarketDataStatements.auctions(ascending: ascending),
      ] + frames.map { MarketDataStatements.bars($0, ascending: ascending) }
    } + [
      MarketDataStatements.extent, MarketDataStatements.latestTrades(day: day),
      MarketDataStatements.latestBars(day: day), MarketDataStatements.lastMoments, MarketDataStatements.planned,
      MarketDataStatements.barsOfMinute, MarketDataStatements.depths(day: day), MarketDataStatements.depthHeads,
      MarketDataStatements.calls(day: day), MarketDataStatements.callHeads, MarketDataStatements.openDays,
      MarketDataStatements.statuses, MarketDataStatements.recordQuotes,
    ]
  }

  private static func marketDay(_ day: Day) -> [PostgresStatement] {
    [
      MarketDayStatements.begin, MarketDayStatements.holdTerm, MarketDayStatements.clock,
      MarketDayStatements.latestInstructed, MarketDayStatements.remember, MarketDayStatements.behind,
      MarketDayStatements.due, MarketDayStatements.lockLog, MarketDayStatements.append, MarketDayStatements.clear,
      MarketDayStatements.lockClock, MarketDayStatements.aim, MarketDayStatements.phases, BandStatements.allProgress,
      BandStatements.append, AuctionStatements.allProgress, AuctionStatements.append, BandStatements.pause,
      BandStatements.resume, LeaderStatements.elect,
      LeaderStatements.termStands, LeaderStatements.holdTerm, CalendarStatements.list, CalendarStatements.set,
      CalendarStatements.remove,
    ]
  }

  private static func accounts(_ day: Day) -> [PostgresStatement] {
    [true, false].flatMap {
      [AccountStoreStatements.fills(day: day, ascending: $0), AccountStoreStatements.journals(ascending: $0)]
    } + [
      AccountStoreStatements.configuration, AccountStoreStatements.changeConfiguration,
      AccountStoreStatements.executed(day: day),
      AccountStoreStatements.journaled, AccountStoreStatements.recentlyExecuted(day: day),
      AccountStoreStatements.lastPrices,
      AccountStoreStatements.prices(day: day), AccountStoreStatements.eventMoment(day: day),
      AccountStoreStatements.journalMoment, WatchlistStatements.lock, WatchlistStatements.count,
      WatchlistStatements.list,
      WatchlistStatements.find, WatchlistStatements.delete, WatchlistStatements.insert, WatchlistStatements.update,
    ]
  }

  private static var operators: [PostgresStatement] {
    [
      AccountStatements.insertJournal, AccountStatements.insertLines, AccountStatements.findJournal,
      AccountStatements.insertAccount, AccountStatements.findByID, AccountStatements.findByNumber,
      AccountStatements.lockAccount, AccountStatements.passTime, AccountStatements.changeCash,
      AccountStatements.openPosition,
      AccountStatements.lockPosition, AccountStatements.changePosition, AccountStatements.setStatus,
      AccountStatements.insertKey, AccountStatements.lockKey, AccountStatements.revokeKey, AccountStatements.limitKey,
      AccountStatements.list, AccountStatements.show, AccountStatements.positions, AccountStatements.keys,
      BoundsStatements.set, BoundsStatements.clear, BoundsStatements.list, BoundsStatements.findSymbol,
      InstrumentStatements.lock, InstrumentStatements.find, InstrumentStatements.list, InstrumentStatements.loads,
      InstrumentStatements.insert, InstrumentStatements.update, InstrumentStatements.setHalt,
      InstrumentStatements.setBandTier, AdminLogStatements.write, AdminLogStatements.list, QuarantineStatements.list,
      QuarantineStatements.find, QuarantineStatements.isOutdated, QuarantineStatements.lockAccount,
      QuarantineStatements.lock, QuarantineStatements.findOrder, QuarantineStatements.append,
      QuarantineStatements.moveOrder,
    ]
  }
}
