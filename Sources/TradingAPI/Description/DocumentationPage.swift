internal import APIKit
internal import ClientKit

/// `GET /docs`: the description in a form for people, with examples. Made once from the same operations as the OpenAPI
/// document; no script, no style and no picture from elsewhere, so it is whole without a network.
enum DocumentationPage {
  /// The page.
  static let html: [UInt8] = Array(page.utf8)

  private static var page: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Buttonwood Trading API</title><style>
    body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#1a1a1a;background:#fff}
    h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:1px solid #ccc}h3{font-size:1rem;margin:1.5rem 0 .2rem}
    code,pre{font:14px/1.45 ui-monospace,monospace;background:#f4f4f2;border-radius:4px}code{padding:.1em .3em}
    pre{padding:.8rem;overflow-x:auto}table{border-collapse:collapse;font-size:.92rem}td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}
    .m{display:inline-block;min-width:4.2rem;font-weight:600}nav a{margin-right:1rem}
    @media(prefers-color-scheme:dark){body{background:#16181b;color:#e6e6e6}code,pre{background:#24272b}a{color:#8ab4f8}h2{border-color:#444}}
    </style></head><body>
    <h1>Buttonwood Trading API</h1>
    <p>Orders, positions and accounts of this exchange, in the form that Alpaca's clients speak. Money, prices and quantities
    are decimal strings. An order that was answered 200 is durable. When a connection closes without an answer, ask for the
    order by its <code>client_order_id</code>, or send the request again with the same <code>Idempotency-Key</code>.
    For programs: <a href="/openapi.json">openapi.json</a>.</p>
    <nav>\(tags.map { "<a href=\"#\(anchor($0))\">\(escaped($0))</a>" }.joined())</nav>
    <h2>First steps</h2>
    <p>Every request carries a key. An operator makes one with <code>buttonwood account keys create</code>.</p>
    <h3>curl</h3>
    <pre>\(escaped(curl))</pre>
    <h3>Python, with alpaca-py</h3>
    <pre>\(escaped(python))</pre>
    <h3>Streams</h3>
    <p>An account's events: the WebSocket <code>/stream</code>, or server-sent events at <code>/v2/events/trades</code>, which go on
    from <code>Last-Event-ID</code> or <code>since</code> without a gap. Market data: the WebSocket <code>/v2/iex</code>
    (<code>{"action":"auth","key":…,"secret":…}</code>, then <code>{"action":"subscribe","trades":["AAPL"],"quotes":["AAPL"]}</code>).</p>
    <h3>Errors</h3>
    <p>Every status from 400 on has the body <code>{"code":…,"message":…,"reason":…}</code>; <code>reason</code> is one word for
    programs. 429 and 503 carry <code>Retry-After</code>, and nothing was stored.</p>
    \(tags.map(section).joined(separator: "\n"))
    </body></html>

    """
  }

  private static let curl = """
    export KEY=… SECRET=… URL=http://127.0.0.1:8080
    curl -H "APCA-API-KEY-ID: $KEY" -H "APCA-API-SECRET-KEY: $SECRET" $URL/v2/account
    curl -H "APCA-API-KEY-ID: $KEY" -H "APCA-API-SECRET-KEY: $SECRET" $URL/v2/orders -d '{
      "symbol": "AAPL", "qty": "1", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "100.05",
      "client_order_id": "my-first-order"}'
    """

  private static let python = """
    from alpaca.trading.client import TradingClient
    from alpaca.trading.requests import LimitOrderRequest

    client = TradingClient(KEY, SECRET, url_override="http://127.0.0.1:8080")
    print(client.get_account().buying_power)
    order = client.submit_order(LimitOrderRequest(
        symbol="AAPL", qty=1, side="buy", time_in_force="day", limit_price=100.05))
    print(order.id, order.status)
    """

  private static let entries: [(endpoint: Endpoint, operation: APIOperation)] = Endpoint.all.compactMap { endpoint in
    endpoint.operation.map { (endpoint, $0) }
  }

  private static var tags: [String] {
    var tags: [String] = []
    for entry in entries where !tags.contains(entry.operation.tag) { tags.append(entry.operation.tag) }
    return tags
  }

  private static func section(_ tag: String) -> String {
    "<h2 id=\"\(anchor(tag))\">\(escaped(tag))</h2>\n"
      + entries.filter { $0.operation.tag == tag }.map { entry($0.endpoint, $0.operation) }.joined(separator: "\n")
  }

  private static func entry(_ endpoint: Endpoint, _ operation: APIOperation) -> String {
    let rows = operation.parameters.map { parameter in
      let place = parameter.isRequired ? "\(parameter.place.rawValue), required" : parameter.place.rawValue
      return
        "<tr><td><code>\(escaped(parameter.name))</code></td><td>\(place)</td><td>\(escaped(parameter.summary))</td></tr>"
    }
    let statuses = ([operation.answer.status] + endpoint.refusals).map(String.init).joined(separator: ", ")
    return """
      <h3 id="\(escaped(operation.name))"><span class="m">\(endpoint.method.rawValue)</span><code>\(escaped(endpoint.path))</code></h3>
      <p>\(escaped(operation.summary)) Answers \(operation.answer.status): \(escaped(operation.answer.summary)) Statuses: \(statuses).</p>
      \(rows.isEmpty ? "" : "<table>\(rows.joined())</table>")
      """
  }

  private static func anchor(_ tag: String) -> String { String(tag.lowercased().map { $0 == " " ? "-" : $0 }) }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "&": escaped += "&amp;"
      case "\"": escaped += "&quot;"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
