internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// `DELETE /v2/orders/{order_id}`
  func cancelOrder(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let id = try Self.orderID(request["order_id"])
    let reply = try await reading { () async throws(StoreError) in
      try await entry.cancel(id, by: request.caller.sender)
    }
    if case .outcomeUnknown = reply { return .drop }
    if let error = APIError(cancel: reply) { throw error }
    return HTTPResponse(status: 204)
  }

  /// `DELETE /v2/orders`: one status an order; a second call is harmless.
  func cancelAllOrders(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let outcomes = try await reading { () async throws(StoreError) in
      try await entry.cancelAll(by: request.caller.sender)
    }
    guard case .each(let cancels) = outcomes else { throw .staleCredential }
    var writer = JSONWriter(capacity: 64 + 64 * cancels.count)
    writer.beginArray()
    for cancel in cancels { writer.cancelStatus(cancel) }
    writer.endArray()
    return .json(207, writer)
  }
}

extension APIError {
  /// What the reply to a cancel says that is not good news; nil when the cancel is durable. Whoever repeats a cancel whose
  /// outcome is not known does no harm.
  fileprivate init?(cancel reply: AcceptanceReply) {
    switch reply {
    case .answered(.refused(let reason)): self.init(reason)
    case .answered(.cancelAccepted), .answered(.accepted), .answered(.repeated): return nil
    case .busy(let span): self = .busy(retryAfter: span, reason: "overloaded")
    case .unavailable, .outcomeUnknown: self = .unavailable
    case .accountHeld: self = .accountHeld
    }
  }
}

extension JSONWriter {
  /// What became of one order of many.
  fileprivate mutating func cancelStatus(_ cancel: CanceledOrder) {
    let error = APIError(cancel: cancel.reply)
    beginObject()
    key("id")
    id(cancel.order)
    key("status")
    integer(Int64(error?.status ?? 200))
    if let error {
      key("body")
      error.write(to: &self)
    }
    endObject()
  }
}
