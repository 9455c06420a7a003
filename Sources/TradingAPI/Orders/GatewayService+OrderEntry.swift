internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// `POST /v2/orders`
  func placeOrder(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let json = try Self.object(request.body)
    let key = try Self.idempotencyKey(request.headers)
    let ticket: OrderTicket
    do throws(TicketRefusal) { ticket = try OrderTicket(json) } catch { throw APIError(error) }
    return try answer(
      try await reading { () async throws(StoreError) in
        try await entry.place(ticket, idempotencyKey: key, by: request.caller.sender)
      })
  }

  /// `PATCH /v2/orders/{order_id}`
  func replaceOrder(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let json = try Self.object(request.body)
    let key = try Self.idempotencyKey(request.headers)
    let target = try Self.orderID(request["order_id"])
    let ticket: ReplaceTicket
    do throws(TicketRefusal) { ticket = try ReplaceTicket(json) } catch { throw APIError(error) }
    return try answer(
      try await reading { () async throws(StoreError) in
        try await entry.replace(target, ticket, idempotencyKey: key, by: request.caller.sender)
      })
  }

  /// The answer to a new order or a replacement.
  func answer(_ outcome: OrderEntryOutcome) throws(APIError) -> HTTPResponse {
    switch outcome {
    case .order(let order, let instrument):
      var writer = JSONWriter()
      writer.order(order, instrument, clock)
      return .json(200, writer)
    case .refused(let refusal): throw APIError(refusal)
    case .busy(let span): throw .busy(retryAfter: span, reason: "overloaded")
    case .unavailable: throw .unavailable
    case .accountHeld: throw .accountHeld
    case .unknown: return .drop
    }
  }
}

extension GatewayService {
  /// Longest idempotency key, in bytes.
  private static let maximumIdempotencyKeyLength = 255

  /// Asks the ledger; a failure becomes an answer.
  func reading<Value>(_ question: () async throws(StoreError) -> Value) async throws(APIError) -> Value {
    do throws(StoreError) { return try await question() } catch { throw APIError(error) }
  }

  /// Reads an order's identifier from a path.
  static func orderID(_ text: String) throws(APIError) -> OrderID {
    guard let id = UniqueID(text) else { throw .field("order_id is missing", reason: "invalid_order_id") }
    return id
  }

  static func object(_ body: [UInt8]) throws(APIError) -> JSONValue {
    guard let root = try? JSONDocument(body).root, root.kind == .object else { throw .badBody }
    return root
  }

  static func idempotencyKey(_ headers: RequestHeaders) throws(APIError) -> String? {
    switch headers.idempotencyKey {
    case .absent: return nil
    case .once(let key):
      guard (1...maximumIdempotencyKeyLength).contains(key.utf8.count),
        key.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
      else {
        throw .field(
          "Idempotency-Key must be 1 to \(maximumIdempotencyKeyLength) printable ASCII characters",
          reason: "invalid_idempotency_key")
      }
      return key
    case .repeated: throw .field("Idempotency-Key must not be repeated", reason: "invalid_idempotency_key")
    }
  }
}

extension Caller {
  /// Who sends an order.
  var sender: OrderSender { OrderSender(account: account, keysVersion: keysVersion) }
}
