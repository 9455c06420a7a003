internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension GatewayService {
  /// `GET /v2/account/activities` and `GET /v2/account/activities/{activity_type}`
  func listActivities(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let query = try ActivityParameters.query(
      QueryValues(request.query), type: request.value("activity_type"), of: request.account)
    guard !query.kinds.isEmpty else { return .json(200, Array("[]".utf8)) }
    let activities = try await reading { () async throws(StoreError) in try await accountStore.activities(query) }
    guard let activities else { throw .field("invalid page_token", reason: "invalid_page_token") }
    let named = activities.compactMap(\.instrument)
    let now = now()
    let table = try await reading { () async throws(StoreError) in
      try await directory.table(now: now) { table in named.allSatisfy { table[$0] != nil } }
    }
    var writer = JSONWriter(capacity: 64 + 480 * activities.count)
    writer.beginArray()
    for activity in activities { writer.activity(activity, request.caller.accountID, table) }
    writer.endArray()
    return .json(200, writer)
  }
}

extension AccountActivity {
  /// Of what it moved shares; nil for cash.
  fileprivate var instrument: InstrumentID? {
    switch detail {
    case .fill(let fill): return fill.instrument
    case .cash: return nil
    case .shares(let instrument, _): return instrument
    }
  }
}
