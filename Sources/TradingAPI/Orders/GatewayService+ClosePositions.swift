internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// `DELETE /v2/positions/{symbol_or_asset_id}`: sells the position's free shares, or some of them, at the market.
  func closePosition(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let portion = try ClosedPortion(QueryValues(request.query))
    let key = try Self.idempotencyKey(request.headers)
    return try answer(
      try await reading { () async throws(StoreError) in
        try await entry.closePosition(
          request["symbol_or_asset_id"], portion, idempotencyKey: key, by: request.caller.sender)
      })
  }

  /// `DELETE /v2/positions`: sells the free shares of every position; with `cancel_orders` what open orders hold is freed
  /// first. One status a position.
  func closeAllPositions(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let cancelsOrders = try QueryValues(request.query).flag("cancel_orders") == true
    let outcomes = try await reading { () async throws(StoreError) in
      try await entry.closeAllPositions(cancelsOrders: cancelsOrders, by: request.caller.sender)
    }
    guard case .each(let closed) = outcomes else { throw .staleCredential }
    var writer = JSONWriter(capacity: 64 + 1024 * closed.count)
    writer.beginArray()
    for position in closed {
      let answer = answer(position)
      writer.beginObject()
      writer.key("symbol")
      writer.string(position.symbol)
      writer.key("status")
      writer.integer(Int64(answer.status))
      writer.key("body")
      writer.verbatim(answer.body)
      writer.endObject()
    }
    writer.endArray()
    return .json(207, writer)
  }

  /// What one of many is answered: of these one whose outcome is not known cannot be answered by silence.
  private func answer(_ position: ClosedPosition) -> HTTPResponse {
    do throws(APIError) {
      let answer: HTTPResponse
      switch position.sale {
      case .success(let outcome): answer = try self.answer(outcome)
      case .failure(let error): throw APIError(error)
      }
      return answer.dropsConnection ? APIError.unknownOutcome.response : answer
    } catch {
      return error.response
    }
  }
}

extension ClosedPortion {
  /// Reads `qty` or `percentage`, which exclude each other.
  fileprivate init(_ values: QueryValues) throws(APIError) {
    let percentage = values.text("percentage")
    switch (values.text("qty"), percentage) {
    case (nil, nil): self = .all
    case (_?, _?): throw .field("only one of qty or percentage is accepted", reason: "qty_and_percentage")
    case (let text?, nil):
      do throws(TicketRefusal) { self = .shares(try QuantityText(text).checked()) } catch { throw APIError(error) }
    case (nil, let text?):
      guard let part = try? Decimal4.scaled(text, fractionDigits: 6), (1...100_000_000).contains(part) else {
        throw .field("percentage must be > 0 and at most 100", reason: "invalid_percentage")
      }
      self = .millionths(part)
    }
  }
}
