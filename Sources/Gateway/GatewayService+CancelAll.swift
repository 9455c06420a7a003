internal import Accounting
internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension GatewayService {
  /// Open orders that are read at once.
  private static let page = 500

  /// `DELETE /v2/orders`: cancels what is open, a page after the other from the newest to the oldest, so that orders which
  /// come meanwhile are not met. One status an order; a second call is harmless.
  func cancelAllOrders(_ caller: Caller) async throws(APIError) -> HTTPResponse {
    let cancels = try await cancelOpenOrders(caller)
    var writer = JSONWriter(capacity: 64 + 64 * cancels.count)
    writer.beginArray()
    for cancel in cancels { writer.cancelStatus(cancel.order, cancel.reply) }
    writer.endArray()
    return .json(207, writer)
  }

  /// Cancels what is open, from the newest to the oldest; what became of each.
  func cancelOpenOrders(_ caller: Caller) async throws(APIError) -> [(order: OrderID, reply: DeskReply)] {
    var cancels: [(order: OrderID, reply: DeskReply)] = []
    var query = OrderQuery(account: caller.account)
    query.limit = Self.page
    while true {
      let question = query
      let ids = try await reading { () async throws(LedgerError) in
        try await reader.orders(question).map(\.record.id)
      }
      let replies = await cancel(ids, caller)
      if replies.contains(.answered(.refused(.staleCredential))) { throw .staleCredential }
      cancels += zip(ids, replies).map { (order: $0, reply: $1) }
      guard ids.count == Self.page, let last = ids.last else { return cancels }
      query.before = last
    }
  }

  /// Hands in cancels, a bounded number at a time; the answers are in the order of the identifiers.
  private func cancel(_ ids: [OrderID], _ caller: Caller) async -> [DeskReply] {
    let desk = desk
    return await withTaskGroup(of: (Int, DeskReply).self) { group in
      var replies = [DeskReply](repeating: .unavailable, count: ids.count)
      for (index, id) in ids.enumerated() {
        if index >= max(1, configuration.concurrentCancels), let (done, reply) = await group.next() {
          replies[done] = reply
        }
        let request = CancelRequest(account: caller.account, order: id, keysVersion: caller.keysVersion)
        group.addTask { (index, await desk.submit(.cancel(request))) }
      }
      for await (done, reply) in group { replies[done] = reply }
      return replies
    }
  }
}

extension JSONWriter {
  /// What became of one order of many.
  fileprivate mutating func cancelStatus(_ order: OrderID, _ reply: DeskReply) {
    let error: APIError?
    switch reply {
    case .answered(.refused(let reason)): error = APIError(reason)
    case .answered(.cancelAccepted), .answered(.accepted), .answered(.repeated): error = nil
    case .busy(let seconds): error = .busy(retryAfterSeconds: seconds, reason: "overloaded")
    case .unavailable, .outcomeUnknown: error = .unavailable
    case .accountHeld: error = .accountHeld
    }
    beginObject()
    key("id")
    id(order)
    key("status")
    integer(Int64(error?.status ?? 200))
    if let error {
      key("body")
      error.write(to: &self)
    }
    endObject()
  }
}
