import JSON
import TestKit

/// One operation of the API, as the running gateway describes it: a new one is tried without anybody thinking of it.
struct DescribedOperation {
  /// A parameter of the path or the query.
  struct Parameter {
    var name: String
    var isInPath: Bool
    var isRequired: Bool
  }

  var method: String
  var path: String
  var name: String
  var parameters: [Parameter]
  var hasBody: Bool
  /// The members that its body may have.
  var members: [String]
  var isOpen: Bool

  /// All that a gateway describes and that is answered to an end: streams of events have tests of their own.
  static func all(_ description: String) throws -> [DescribedOperation] {
    let root = try JSONDocument(Array(description.utf8)).root
    return (root["paths"]?.members ?? []).flatMap { (path, methods) in
      (methods.members ?? []).compactMap { (method, operation) -> DescribedOperation? in
        guard operation["responses"]?["200"]?["content"]?["text/event-stream"] == nil else { return nil }
        return DescribedOperation(
          method: method.uppercased(), path: path, name: operation["operationId"]?.string ?? "",
          parameters: (operation["parameters"]?.array ?? []).filter { $0["in"]?.string != "header" }.map {
            Parameter(
              name: $0["name"]?.string ?? "", isInPath: $0["in"]?.string == "path",
              isRequired: $0["required"]?.bool ?? false)
          }, hasBody: operation["requestBody"] != nil, members: members(of: operation, root),
          isOpen: operation["security"]?.array?.isEmpty ?? false)
      }
    }
  }

  private static func members(of operation: JSONValue, _ root: JSONValue) -> [String] {
    let schema = operation["requestBody"]?["content"]?["application/json"]?["schema"]
    return Array(Set(names(in: schema, root))).sorted()
  }

  /// The members of a schema, or of all that it may be.
  private static func names(in schema: JSONValue?, _ root: JSONValue) -> [String] {
    let named = (schema?["$ref"]?.string).flatMap { $0.split(separator: "/").last }.map(String.init)
    let found = named.map { root["components"]?["schemas"]?[$0] } ?? schema
    let kinds = (found?["anyOf"]?.array ?? []).flatMap { names(in: $0, root) }
    return kinds + (found?["properties"]?.members ?? []).map(\.name)
  }

  /// What a request names: the parameters that are required, and those that `values` has.
  func target(_ values: [String: String] = [:]) -> String {
    var target = path
    var query: [String] = []
    for parameter in parameters {
      if parameter.isInPath {
        let value = values[parameter.name] ?? Self.plain(parameter.name)
        target = target.replacing("{\(parameter.name)}", with: value)
      } else if parameter.isRequired || values[parameter.name] != nil {
        query.append("\(parameter.name)=\(values[parameter.name] ?? Self.plain(parameter.name))")
      }
    }
    return query.isEmpty ? target : target + "?" + query.joined(separator: "&")
  }

  /// What is right for a parameter, and names nothing of anybody's.
  private static func plain(_ name: String) -> String {
    switch name {
    case "order_id", "watchlist_id": "0190a1b2-0000-7000-8000-00000000dead"
    case "symbol", "symbol_or_asset_id", "symbols": "S0"
    case "activity_type": "FILL"
    case "timeframe": "1Day"
    case "tick_type": "trade"
    default: "nobody"
    }
  }

  /// A body that is right but for one member.
  func body(_ number: Int, with member: String, _ value: String) -> String {
    let plain = body(number) ?? "{}"
    // Of repeated members the last counts.
    return "\(plain.dropLast())\(plain.utf8.count > 2 ? "," : "")\"\(member)\":\(value)}"
  }

  /// A body that the operation takes; nil for an operation that somebody has to find one for.
  /// - Parameter number: Keeps names apart.
  func body(_ number: Int) -> String? {
    guard hasBody else { return "" }
    return switch name {
    case "submitOrder":
      #"{"symbol":"S7","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":"2"}"#
    case "replaceOrder": #"{"qty":"3"}"#
    case "changeAccountConfigurations": #"{"suspend_trade":false}"#
    case "createWatchlist", "replaceWatchlist", "replaceWatchlistByName":
      #"{"name":"list-\#(number)","symbols":["S0"]}"#
    case "addToWatchlist", "addToWatchlistByName": #"{"symbol":"S1"}"#
    default: nil
    }
  }
}
