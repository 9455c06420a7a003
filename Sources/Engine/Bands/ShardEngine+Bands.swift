internal import Accounting
internal import Market
internal import Matching

/// Price bands: while an instrument trades within one, no order works beyond it.
///
/// An order whose limit lies beyond the band works at its end: it trades no worse than that, stands there with the time that it
/// has, and keeps its limit, by which its hold goes. When the band moves, it moves along; what meets by that trades. So a bid
/// that waits at limit up is what the plan calls a limit state, and nothing that a client asked for is turned away or changed.
extension ShardEngine {
  /// The price at which an order works now.
  func workingPrice(_ limit: Price, _ side: Side, in instrument: InstrumentID) -> Price {
    bands.isEmpty ? limit : bands[instrument]?.working(limit, side) ?? limit
  }

  /// A command as its book may carry it out.
  func withinBand(_ command: BookCommand) -> BookCommand {
    guard !bands.isEmpty, let band = bands[command.instrument] else { return command }
    var command = command
    if command.kind == .place || command.kind == .replace { command.price = band.working(command.price, command.side) }
    return command
  }

  /// Takes the time of an order whose replacement works at the same end of the band by another limit: by their limits they
  /// would not stand in one queue.
  mutating func queueAnew(_ command: BookCommand, _ events: inout [BookEvent]) {
    guard let index = events.firstIndex(where: { $0.kind == .replaced && $0.keepsPriority }),
      open[command.target]?.price != command.price, let order = engine.find(command.order)
    else { return }
    events[index].keepsPriority = false
    var unseen: [BookEvent] = []
    engine.apply([.cancel(order.order, in: order.instrument)], into: &unseen)
    do throws(RestoreRefusal) {
      try engine.restore(order)
    } catch {
      preconditionFailure("shard \(shard): an order that stood in a book cannot stand in it: \(error)")
    }
  }

  /// Gives an instrument another band, or none.
  mutating func band(_ change: BandChange, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    var phase = phases[change.instrument] ?? InstrumentPhase()
    let terms = change.terms(after: phase.band)
    guard phase.band != terms else { return }
    phase.band = terms
    if terms == nil { phase.limit = nil }
    phases[change.instrument] = phase
    builder.phaseChanged(change.instrument, phase)
    guard phase.isContinuous, auctions[change.instrument] == nil else { return }
    bands[change.instrument] = phase.band?.band
    move(change.instrument, &work, &builder)
  }

  /// Whether a command may begin or end a limit state: while there is none, only an order that works at an end of the band
  /// can. Others are looked at together, because looking costs.
  func mayTouchLimit(_ command: Command) -> Bool {
    guard !bands.isEmpty, let band = bands[command.instrument] else { return false }
    guard phases[command.instrument]?.limit == nil else { return true }
    let (side, limit): (Side, Price)
    switch command {
    case .place(let order): (side, limit) = (order.side, order.price)
    case .replace(let replace): (side, limit) = (replace.order.side, replace.order.price)
    case .cancel: return false
    case .step, .expire, .halt, .band, .cross: return true
    }
    return side == .buy ? limit >= band.upper : limit <= band.lower
  }

  /// Reports an instrument whose best price has come to an end of its band, or has left it. Looked at after each command that
  /// may have done that: a limit state that ended is over, however soon the next one began.
  mutating func noteLimit(of instrument: InstrumentID, _ builder: inout SettlementBuilder) {
    guard !bands.isEmpty, let band = bands[instrument], var phase = phases[instrument] else { return }
    let edge = LimitState.Edge(
      bid: engine.best(.buy, instrument)?.price, ask: engine.best(.sell, instrument)?.price, band: band)
    guard phase.limit != edge else { return }
    phase.limit = edge
    phases[instrument] = phase
    builder.limitChanged(instrument, phase)
  }

  /// Takes the orders at the ends of the band along, those that draw back before those that advance, the oldest first: what
  /// advances trades with nothing that has not moved yet. They keep their time: among those that work at the same price it
  /// decides.
  private mutating func move(
    _ instrument: InstrumentID, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    let moved = byTime(
      engine.restingOrders(instrument).filter { order in
        workingPrice(resting(order.order).price, order.side, in: instrument) != order.price
      })
    guard !moved.isEmpty else { return }
    let forward = moved.filter { advances($0, in: instrument) }
    for order in moved.filter({ !advances($0, in: instrument) }) + forward {
      // An earlier one may have ended it, as an order of the same account.
      guard let order = engine.find(order.order) else { continue }
      operate(
        .replace(
          order.order, by: order.order, order.side, order.leaves + order.filled, at: resting(order.order).price,
          in: instrument, account: order.account, selfTradePrevention: order.selfTradePrevention),
        &work, &builder)
    }
    let orders = byTime(engine.restingOrders(instrument))
    engine.remove(instrument)
    do throws(RestoreRefusal) {
      for order in orders { try engine.restore(order) }
    } catch {
      preconditionFailure("shard \(shard): orders that stood in a book cannot stand in it: \(error)")
    }
  }

  /// Whether an order is about to work at a better price for others than it stands at.
  private func advances(_ order: RestingOrder, in instrument: InstrumentID) -> Bool {
    let price = workingPrice(resting(order.order).price, order.side, in: instrument)
    return order.side == .buy ? price > order.price : price < order.price
  }

  /// Orders by the time of their priority.
  func byTime(_ orders: [RestingOrder]) -> [RestingOrder] {
    orders.map { ($0, resting($0.order)) }
      .sorted { ($0.1.priority, $0.1.activation) < ($1.1.priority, $1.1.activation) }.map(\.0)
  }
}
