/// Bodies that no gateway may accept.
let badBodies: [(name: String, bytes: [UInt8])] = {
  func with(_ field: String, _ value: String) -> [UInt8] {
    Array(
      order("bad", side: "buy", quantity: 1).replacing("\"\(field)\":", with: "\"\(field)\":\(value),\"was\":").utf8)
  }
  let good = Array(order("bad", side: "buy", quantity: 1).utf8)
  let name = good.firstRange(of: Array("bad".utf8))!
  return [
    ("no body", []), ("no object", Array("[]".utf8)), ("cut off", Array(good.dropLast(3))),
    ("trailing text", good + Array("x".utf8)),
    ("invalid UTF-8", Array(good[..<name.lowerBound]) + [0xFF, 0xFE] + good[name.upperBound...]),
    ("overlong UTF-8", Array(good[..<name.lowerBound]) + [0xC0, 0x80] + good[name.upperBound...]),
    ("U+0000 escaped", with("client_order_id", "\"a\\u0000b\"")),
    ("lone surrogate", with("client_order_id", "\"a\\ud800b\"")),
    ("raw control character", Array(good[..<name.lowerBound]) + [0] + good[name.upperBound...]),
    ("nested 100,000 deep", Array(repeating: UInt8(ascii: "["), count: 100_000)),
    (
      "5 MB",
      Array(good.dropLast()) + Array(",\"pad\":\"".utf8) + Array(repeating: UInt8(ascii: "a"), count: 5_000_000)
        + Array("\"}".utf8)
    ),
    ("name of 10,000 characters", with("client_order_id", "\"\(String(repeating: "n", count: 10_000))\"")),
    ("negative quantity", with("qty", "\"-1\"")), ("no quantity", with("qty", "\"0\"")),
    ("huge quantity", with("qty", "\"99999999999999999999999999999999\"")),
    ("huge exponent", with("qty", "1e999999999")), ("fraction of a share", with("qty", "\"0.5\"")),
    ("price off the grid", with("limit_price", "\"100.001\"")),
    ("huge price", with("limit_price", "\"922337203685477580700\"")),
    ("not a number", with("limit_price", "\"NaN\"")), ("unknown side", with("side", "\"steal\"")),
    ("unknown symbol", with("symbol", "\"NOPE\"")), ("symbol of the wrong type", with("symbol", "{}")),
    ("unknown type", with("type", "\"magic\"")), ("SQL in a symbol", with("symbol", "\"S0'; DROP TABLE orders; --\"")),
  ]
}()
