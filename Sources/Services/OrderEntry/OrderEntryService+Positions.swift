internal import Accounting
internal import Market
package import Ports

extension OrderEntryService {
  /// Sells a position's free shares, or some of them, at the market.
  /// - Parameter name: The instrument's symbol or asset identifier.
  package func closePosition(
    _ name: String, _ portion: ClosedPortion, idempotencyKey: String?, by sender: OrderSender
  ) async throws(StoreError) -> OrderEntryOutcome {
    guard let instrument = try await catalog.instrument(named: name, now: now()) else { return .refused(.noPosition) }
    let key = idempotencyKey.map {
      keys.idempotency($0, request: CanonicalRequest.close(instrument.id, portion))
    }
    let positions = try await reader.positions(of: sender.account)
    let quantity: Quantity
    do throws(PortionRefusal) {
      guard let position = positions.first(where: { $0.instrument == instrument.id }) else { throw .noPosition }
      quantity = try portion.shares(of: position)
    } catch {
      // A repeat of a closing that sold the shares: they are gone, its first answer is not. Acceptance knows it by the key.
      guard let key, try await isUsed(key, by: sender) else { return .refused(OrderRefusal(error, instrument)) }
      quantity = Quantity(rawValue: 1)
    }
    return try await enter(OrderDraft(marketSaleOf: quantity, instrument), instrument, by: sender) { _ in key }
  }

  /// Sells the free shares of every position.
  /// - Parameter cancelsOrders: What open orders hold is freed first, as far as the books let go of it in time.
  package func closeAllPositions(
    cancelsOrders: Bool, by sender: OrderSender
  ) async throws(StoreError) -> OrderEntryOutcomes<ClosedPosition> {
    if cancelsOrders {
      let pass = try await cancels.pass(over: sender)
      guard !pass.isCredentialStale else { return .staleCredential }
      try await cancels.waitUntilClosed(
        pass, of: sender.account, polls: settings.cancelPolls, pause: settings.cancelPollPause)
    }
    let positions = try await reader.positions(of: sender.account)
    let instruments = try await catalog.instruments(positions.map(\.instrument), now: now())
    return .each(
      await withTaskGroup(of: (Int, ClosedPosition).self) { group in
        var closed = [ClosedPosition?](repeating: nil, count: positions.count)
        for (index, position) in positions.enumerated() {
          if index >= max(1, settings.concurrency), let (done, sale) = await group.next() { closed[done] = sale }
          let instrument = instruments[position.instrument]
          group.addTask { (index, await close(position, instrument, by: sender)) }
        }
        for await (done, sale) in group { closed[done] = sale }
        return closed.compactMap { $0 }
      })
  }

  private func close(
    _ position: PositionRecord, _ instrument: Instrument?, by sender: OrderSender
  ) async -> ClosedPosition {
    guard let instrument else {
      return ClosedPosition(symbol: "", sale: .failure(.fault(reason: "a position is of an unknown instrument")))
    }
    let symbol = instrument.symbol.description
    do throws(StoreError) {
      let quantity: Quantity
      do throws(PortionRefusal) { quantity = try ClosedPortion.all.shares(of: position) } catch {
        return ClosedPosition(symbol: symbol, sale: .success(.refused(OrderRefusal(error, instrument))))
      }
      let sale = OrderDraft(marketSaleOf: quantity, instrument)
      return ClosedPosition(
        symbol: symbol, sale: .success(try await enter(sale, instrument, by: sender) { _ in nil }))
    } catch {
      return ClosedPosition(symbol: symbol, sale: .failure(error))
    }
  }

  /// Whether a request with this key made an order before: then acceptance answers it by the key alone.
  private func isUsed(_ key: RequestKey, by sender: OrderSender) async throws(StoreError) -> Bool {
    try await reader.order(clientKey: key.digest, of: sender.account) != nil
  }
}

extension OrderDraft {
  /// A market order for the day that sells shares.
  fileprivate init(marketSaleOf quantity: Quantity, _ instrument: Instrument) {
    self.init(
      symbol: instrument.symbol.description, quantity: QuantityText(quantity), side: .sell, type: .market,
      timeInForce: .day, limitPrice: nil, condition: nil, orderClass: .simple, takeProfit: nil, stopLoss: nil,
      postOnly: false, selfTradePrevention: nil, clientOrderID: nil, takeProfitClientOrderID: nil,
      stopLossClientOrderID: nil, positionIntent: nil)
  }
}

extension OrderRefusal {
  fileprivate init(_ refusal: PortionRefusal, _ instrument: Instrument) {
    switch refusal {
    case .noPosition: self = .noPosition
    case .belowOneShare: self = .portionBelowOneShare
    case .lacking(let requested, let position):
      self = .rejected(
        .insufficientShares(
          requested: requested, available: position.quantity - position.held, owned: position.quantity,
          held: position.held), ShareContext(symbol: instrument.symbol.description, relatedOrders: []))
    }
  }
}
