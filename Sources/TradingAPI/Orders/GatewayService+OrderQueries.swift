internal import APIKit
internal import Accounting
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// `GET /v2/orders/{order_id}`
  func showOrder(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let account = request.account
    let id = try Self.orderID(request["order_id"])
    let isNested = try QueryValues(request.query).flag("nested") ?? false
    let order = try await reading { () async throws(StoreError) in
      let order = try await reader.order(id, of: account)
      guard isNested, let order else { return order }
      return try await reader.withLegs([order], of: account).first
    }
    guard let order else { throw .orderNotFound(id.description) }
    return try await shown(order)
  }

  /// `GET /v2/orders:by_client_order_id`
  func showOrderByClientID(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    guard let clientOrderID = request.http.parameter("client_order_id"), !clientOrderID.isEmpty else {
      throw .field("client_order_id is required", reason: "missing_client_order_id")
    }
    let order = try await reading { () async throws(StoreError) in
      try await reader.order(clientKey: RequestKeys.sha256.clientOrderID(clientOrderID).digest, of: request.account)
    }
    guard let order else { throw .orderNotFound(clientOrderID) }
    return try await shown(order)
  }

  /// `GET /v2/orders`
  func listOrders(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let account = request.account
    let list = try OrderListParameters(request.query)
    var query = list.query(of: account)
    var isEmpty = !list.includesEquities
    if let symbols = list.symbols {
      let now = now()
      let table = try await reading { () async throws(StoreError) in
        try await directory.table(now: now) { table in symbols.allSatisfy { table.named($0) != nil } }
      }
      let numbers = symbols.compactMap { table.named($0)?.id }
      query.instruments = numbers
      isEmpty = isEmpty || numbers.isEmpty
    }
    guard !isEmpty else { return .json(200, Array("[]".utf8)) }
    let orders = try await reading { () async throws(StoreError) in
      let orders = try await reader.orders(query)
      return list.isNested ? try await reader.withLegs(orders, of: account) : orders
    }
    let instruments = try await instruments(of: orders)
    let clock = clock
    var writer = JSONWriter(capacity: 64 + 960 * orders.count)
    writer.beginArray()
    for order in orders {
      guard let instrument = instruments[order.record.instrument] else { throw .internalFault }
      writer.order(order, instrument, clock)
    }
    writer.endArray()
    return .json(200, writer)
  }

  private func shown(_ order: ShownOrder) async throws(APIError) -> HTTPResponse {
    guard let instrument = try await instruments(of: [order])[order.record.instrument] else { throw .internalFault }
    var writer = JSONWriter()
    writer.order(order, instrument, clock)
    return .json(200, writer)
  }

  private func instruments(of orders: [ShownOrder]) async throws(APIError) -> InstrumentTable {
    let now = now()
    return try await reading { () async throws(StoreError) in
      try await directory.table(now: now) { table in orders.allSatisfy { table[$0.record.instrument] != nil } }
    }
  }
}
