internal import Accounting
package import Market
package import Ports
package import Postgres
internal import Sharding

/// One settling transaction as a single flush: cursors first, then every changed row once, in lock order (accounts,
/// positions, orders).
///
/// What one command may change is not bounded: an order may meet all that stand against it. Each statement is: more rows than that are
/// several statements, and what bounds a statement's time is of no concern to how many there are.
package struct SettlingTransaction {
  /// Rows that one statement carries at most.
  var rowsAtOnce = 10_000

  let commits: [ShardCommit]
  let now: Timestamp

  /// Prepares a transaction, whose time is behind that of the last settlement that the shards' claims have found.
  package init(commits: [ShardCommit], now: Timestamp) {
    self.commits = commits
    var time = SettlingTime()
    for commit in commits { time.note(commit.ownership.settledAt) }
    self.now = time.moment(at: now)
  }

  /// All rows that it writes, by the row type of each: what a bulk load of the same changes would carry.
  package var rowsByType: [(type: String, rows: RowArray)] {
    [("shard_fence", fences), ("account_change", accounts), ("position_update", rows(of: positionChanges))]
      + orders.map { ("order_change", $0.rows) }
      + [("trades", trades), ("order_events", events), ("price_change", prices)]
  }

  var calls: [PostgresCall] {
    let time = PostgresParameter.timestamp(microseconds: now.rawValue)
    var calls = [PostgresCall(SettlingStatements.moveCursors, rows: fences, of: "shard_fence[]", [time])]
    func add(_ statement: PostgresStatement, _ rows: RowArray, _ type: String, _ parameters: [PostgresParameter] = []) {
      guard rows.count > 0 else { return }
      for part in rows.parts(of: rowsAtOnce) {
        calls.append(PostgresCall(statement, rows: part, of: type, parameters))
      }
    }
    calls += quarantines(time)
    add(SettlingStatements.changeAccounts, accounts, "account_change[]", [time])
    let positions = positionChanges
    let traded = positions.filter { !$0.value.fills.isEmpty }
    add(
      SettlingStatements.openPositions, rows(of: traded.filter { $0.value.fills.bought > .zero }), "position_update[]")
    add(SettlingStatements.changePositions, rows(of: traded), "position_update[]")
    add(
      SettlingStatements.changeHeldShares, rows(of: positions.filter { $0.value.fills.isEmpty }), "position_update[]")
    for (day, rows) in orders { add(SettlingStatements.changeOrders(day: day), rows, "order_change[]", [time]) }
    add(SettlingStatements.changeConditions, conditions, "conditions_change[]")
    for (day, rows) in quantities {
      add(SettlingStatements.changeQuantities(day: day), rows, "quantity_change[]", [time])
    }
    calls += takenMarks(time)
    add(SettlingStatements.insertTrades(day: now.day), trades, "trades[]")
    add(SettlingStatements.insertEvents(day: now.day), events, "order_events[]")
    add(SettlingStatements.changePrices, prices, "price_change[]", [time])
    add(SettlingStatements.changePhases, phases, "phase_report[]", [time])
    add(AuctionStatements.change, auctions, "auction_update[]", [time])
    add(AuctionStatements.insertPrints, auctionPrints, "auction_print[]", [time])
    return calls
  }

  private func quarantines(_ time: PostgresParameter) -> [PostgresCall] {
    commits.compactMap { commit in
      guard let quarantine = commit.quarantine else { return nil }
      return PostgresCall(
        SettlingStatements.quarantine,
        [
          .int2(commit.ownership.shard.rawValue), .int8(commit.settlement.through.rawValue), time,
          .text(quarantine.reason), .int4(Int32(clamping: quarantine.tries)),
        ])
    }
  }

  /// Orders outside the books; those in them are updated whole.
  private func takenMarks(_ time: PostgresParameter) -> [PostgresCall] {
    let marks = commits.flatMap(\.settlement.staleMarks).sorted { ($0.account, $0.order) < ($1.account, $1.order) }
    return Self.byDay(marks, \.order).map { day, marks in
      PostgresCall(
        SettlingStatements.takeMarks(day: day),
        [
          .int8Array(marks.map(\.account.rawValue)), .uuidArray(marks.map { ($0.order.high, $0.order.low) }), time,
        ])
    }
  }

  /// Changes by the day whose table holds their orders: every order is given an identifier that tells its time.
  private static func byDay<Change>(
    _ changes: [Change], _ id: (Change) -> OrderID
  ) -> [(day: Day, changes: [Change])] {
    Dictionary(grouping: changes) { id($0).time?.day ?? Day(rawValue: 0) }.sorted { $0.key < $1.key }
      .map { (day: $0.key, changes: $0.value) }
  }

  private var fences: RowArray {
    var rows = RowArray(expectedBytes: commits.count * 90)
    for commit in commits.sorted(by: { $0.ownership.shard < $1.ownership.shard }) {
      rows.append {
        $0.int2(commit.ownership.shard.rawValue)
        $0.int8(commit.ownership.epoch.rawValue)
        $0.int8(Int64(bitPattern: commit.ownership.nonce))
        $0.int8(commit.settlement.from.rawValue)
        $0.int8(commit.settlement.through.rawValue)
      }
    }
    return rows
  }

  /// An account may trade in several shards: its changes are added up.
  private var accounts: RowArray {
    var sums: [AccountNumber: Settlement.CashChange] = [:]
    for commit in commits {
      for (account, change) in commit.settlement.cash {
        sums[account, default: .init()].cash += change.cash
        sums[account, default: .init()].held += change.held
      }
    }
    let events = eventCounts
    for account in events.keys { sums[account, default: .init()].cash += .zero }
    var rows = RowArray(expectedBytes: sums.count * 80)
    for (account, change) in sums.sorted(by: { $0.key < $1.key }) {
      rows.append {
        $0.int8(account.rawValue)
        $0.int8(change.cash.rawValue)
        $0.int8(change.held.rawValue)
        $0.int4(events[account] ?? 0)
      }
    }
    return rows
  }

  private typealias PositionChanges = [(key: AcceptanceSnapshot.PositionKey, value: Settlement.PositionChange)]

  /// An instrument has one shard, so positions of different shards never meet.
  private var positionChanges: PositionChanges {
    commits.flatMap { Array($0.settlement.positions) }.sorted { $0.key < $1.key }
  }

  private func rows(of changes: PositionChanges) -> RowArray {
    guard !changes.isEmpty else { return RowArray() }
    let events = eventCounts
    var rows = RowArray(expectedBytes: changes.count * 120)
    for (key, change) in changes {
      rows.append {
        $0.int8(key.account.rawValue)
        $0.int4(key.instrument.rawValue)
        $0.int8(change.held.rawValue)
        $0.int4(events[key.account] ?? 0)
        $0.int8Array(change.fills.runs.flatMap { [$0.shares.rawValue, $0.value.rawValue] })
      }
    }
    return rows
  }

  /// Changed orders by the day whose table holds them.
  private var orders: [(day: Day, rows: RowArray)] {
    let updates = commits.flatMap(\.settlement.orders).sorted { ($0.account, $0.id) < ($1.account, $1.id) }
    return Self.byDay(updates, \.id).map { day, updates in
      var rows = RowArray(expectedBytes: updates.count * 140)
      for update in updates {
        rows.append {
          $0.int8(update.account.rawValue)
          $0.uuid(update.id.high, update.id.low)
          $0.int2(Int16(update.status.rawValue))
          $0.bool(update.status.isOpen)
          $0.bool(update.clearsPending)
          $0.int8(update.filled.rawValue)
          $0.int8(update.filledValue.rawValue)
          $0.int8(update.priority.rawValue)
          if let id = update.replacedBy { $0.uuid(id.high, id.low) } else { $0.null(.uuid) }
        }
      }
      return (day, rows)
    }
  }

  private var conditionUpdates: [Settlement.ConditionsUpdate] {
    commits.flatMap(\.settlement.conditions).sorted { ($0.account, $0.id) < ($1.account, $1.id) }
  }

  private var conditions: RowArray {
    var rows = RowArray()
    for update in conditionUpdates {
      rows.append {
        $0.int8(update.account.rawValue)
        $0.uuid(update.id.high, update.id.low)
        $0.int2(Int16(update.phase.rawValue))
        $0.int4(update.activation)
        if let stop = update.trigger?.stop { $0.int8(stop.rawValue) } else { $0.null(.int8) }
        if let mark = update.trigger?.trail?.mark { $0.int8(mark.rawValue) } else { $0.null(.int8) }
      }
    }
    return rows
  }

  private var quantities: [(day: Day, rows: RowArray)] {
    Self.byDay(conditionUpdates.filter(\.isExit), \.id).map { day, updates in
      var rows = RowArray()
      for update in updates {
        rows.append {
          $0.int8(update.account.rawValue)
          $0.uuid(update.id.high, update.id.low)
          $0.int8(update.quantity.rawValue)
        }
      }
      return (day, rows)
    }
  }

  private var trades: RowArray {
    var rows = RowArray(expectedBytes: commits.reduce(0) { $0 + $1.settlement.trades.count } * 210)
    for trade in commits.lazy.flatMap(\.settlement.trades) {
      rows.append {
        $0.int2(trade.shard.rawValue)
        $0.int2(Int16(trade.taker.rawValue))
        $0.int4(trade.ordinal)
        $0.int8(trade.sequence.rawValue)
        $0.int4(trade.instrument.rawValue)
        $0.uuid(trade.buyOrder.high, trade.buyOrder.low)
        $0.int8(trade.buyer.rawValue)
        $0.uuid(trade.sellOrder.high, trade.sellOrder.low)
        $0.int8(trade.seller.rawValue)
        $0.int8(trade.price.rawValue)
        $0.int8(trade.quantity.rawValue)
        $0.timestamp(microseconds: now.rawValue)
      }
    }
    return rows
  }

  /// How many events each account has in all shards together.
  private var eventCounts: [AccountNumber: Int32] {
    var counts: [AccountNumber: Int32] = [:]
    for commit in commits {
      for event in commit.settlement.events { counts[event.account, default: 0] += 1 }
    }
    return counts
  }

  private var events: RowArray {
    var rows = RowArray(expectedBytes: commits.reduce(0) { $0 + $1.settlement.events.count } * 250)
    var behind = eventCounts
    for event in commits.lazy.flatMap(\.settlement.events) {
      behind[event.account]! -= 1
      let toLast = Int64(behind[event.account]!)
      rows.append {
        $0.int2(event.shard.rawValue)
        $0.int2(Int16(event.kind.rawValue))
        $0.int2(Int16(event.reason))
        $0.int2(Int16(event.side.rawValue))
        $0.int4(event.ordinal)
        $0.int4(event.instrument.rawValue)
        $0.int8(event.sequence.rawValue)
        $0.int8(event.account.rawValue)
        $0.uuid(event.order.high, event.order.low)
        $0.int8(event.price.rawValue)
        $0.int8(event.quantity.rawValue)
        $0.int8(event.filled.rawValue)
        $0.int8(event.leaves.rawValue)
        $0.timestamp(microseconds: now.rawValue)
        $0.int8(event.filledValue.rawValue)
        $0.timestamp(microseconds: now.rawValue - toLast)
      }
    }
    return rows
  }

  private var phases: RowArray {
    let updates = commits.flatMap(\.settlement.phases).sorted { $0.instrument < $1.instrument }
    var rows = RowArray(expectedBytes: updates.count * 40)
    for update in updates { rows.append { PhaseColumns.write(update, to: &$0) } }
    return rows
  }

  private var auctions: RowArray {
    let updates = commits.flatMap(\.settlement.auctions).sorted { $0.instrument < $1.instrument }
    var rows = RowArray(expectedBytes: updates.count * 80)
    for update in updates { rows.append { AuctionColumns.write(update.auction, of: update.instrument, to: &$0) } }
    return rows
  }

  private var auctionPrints: RowArray {
    let today = NewYorkTime.day(at: now)
    var rows = RowArray()
    for print in commits.lazy.flatMap(\.settlement.auctionPrints) {
      rows.append {
        $0.int4(print.instrument.rawValue)
        $0.int8(print.sequence.rawValue)
        $0.int4((print.day ?? today).rawValue)
        $0.bool(print.isClosing)
        $0.int8(print.price.rawValue)
        $0.int8(print.quantity.rawValue)
      }
    }
    return rows
  }

  private var prices: RowArray {
    let prices = commits.flatMap(\.settlement.lastPrices).sorted { $0.instrument < $1.instrument }
    var rows = RowArray(expectedBytes: prices.count * 40)
    for price in prices {
      rows.append {
        $0.int4(price.instrument.rawValue)
        $0.int8(price.price.rawValue)
      }
    }
    return rows
  }
}
