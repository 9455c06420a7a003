import JSON
import TestKit

/// Values at the ends of what can be written, as anybody may send them for any parameter.
enum ExtremeValues {
  /// Numbers, as text.
  static let numbers = [
    "0", "-1", "1", "127", "128", "255", "256", "32768", "65536", "2147483647", "2147483648", "-2147483648",
    "4294967296", "1000000000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "18446744073709551616", "1e18", "1e400", "-1e-400", "0.0001", "0.00001", "NaN",
    "99999999999999999999999999999999999999999999999999999999999999999999999999",
  ]

  /// Days and moments.
  static let times = [
    "0000-01-01", "0001-01-01", "0001-12-31", "1582-10-10", "1899-12-31", "1969-12-31T23:59:59.999999999Z",
    "2026-02-30",
    "9999-01-01", "9999-12-31", "10000-01-01", "-0001-01-01", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999999-23:59", "2026-01-02T00:00:00Z", "2026-06-31T25:61:61Z", "2026-11-01T01:30:00-04:00",
  ]

  /// Texts: percent-encoded where a target needs it.
  static let texts = [
    "", "%00", "AA%00PL", "%F0%9D%84%9E", "%E2%84%AA", "S%E2%84%AA", "%C3%A9", "e%CC%81", "%FF", "%C0%80", "%ED%A0%80",
    "%2F", "%2e%2e", "%25", "%", "%zz", "%0D%0A", "*", ",", ",,,,", "a" + String(repeating: ",a", count: 2_000),
    String(repeating: "A", count: 4_000), "S0", "all", "true", "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "0190a1b2-0000-7fff-bfff-ffffffffffff", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "00000000000000000::ffffffff-ffff-8fff-bfff-ffffffffffff",
  ]

  /// Page tokens of market data: base 64 of a symbol, a moment, a sequence and an ordinal at their ends.
  static let tokens = [
    "UzB8LTkyMjMzNzIwMzY4NTQ3NzU4MDh8MHww", "UzB8OTIyMzM3MjAzNjg1NDc3NTgwN3wwfDA=",
    "UzB8LTIxMTgxMzQ4ODAwMDAwMDAwMHwwfDA=", "UzB8MHw5MjIzMzcyMDM2ODU0Nzc1ODA3fDIxNDc0ODM2NDc=",
    "UzB8MHwtOTIyMzM3MjAzNjg1NDc3NTgwOHwtMjE0NzQ4MzY0OA==", "UzB8NDYxMTY4NjAxODQyNzM4NzkwM3wwfDA=",
  ]

  /// Lengths of bars and of spans.
  static let spans = [
    "1Min", "59Min", "23Hour", "1Day", "1Week", "1Month", "12Month", "99Month", "1D", "9999D", "9999W", "9999M",
    "9999A",
  ]

  /// All of them.
  static let all = numbers + times + texts + tokens + spans

  /// Those that span the calendars, for parameters that are combined.
  static let combined = [
    "0001-01-01", "0001-01-01T00:00:00+23:59", "2026-01-02", "9999-12-31", "9999-12-31T23:59:59.999999999-23:59",
  ]

  /// Values of a member of a body, as JSON.
  static let members =
    numbers.filter { $0 != "NaN" } + numbers.map { "\"\($0)\"" } + times.map { "\"\($0)\"" } + [
      "null", "true", "[]", "{}", "[[]]", "[null]", "\"\"", #""\u0000""#, #""\u212a""#, #""\ud834\udd1e""#,
      #""\ud834""#,
      "\"\(String(repeating: "n", count: 10_000))\"", #"["S0","\u0000"]"#, "\"\u{1D11E}\"", "\"S\u{212A}\"",
      #"{"limit_price":"1e18","stop_price":"9223372036854775807"}"#,
      #"{"limit_price":"0.0001","stop_price":"-9223372036854775808"}"#,
    ]
}

extension ExtremeValues {
  /// Sends an operation with every value for every parameter and every member of its body.
  /// - Returns: What was answered as a fault of ours, or not at all.
  static func problems(
    _ operation: DescribedOperation, _ caller: HTTPCaller, _ process: ChildProcess
  ) -> [String] {
    var problems: [String] = []
    func send(_ values: [String: String], _ body: String) {
      let target = operation.target(values)
      guard process.exitStatus == nil else { return }
      guard let answer = caller.call(operation.method, target, body) else {
        problems.append("\(operation.method) \(target.prefix(200)) \(body.prefix(200)): no answer")
        return
      }
      // Orders of this test may fill its account up.
      let isFine = answer.status < 500 && answer.status != 401 && (answer.status == 204 || !answer.body.isEmpty)
      if !isFine {
        problems.append(
          "\(operation.method) \(target.prefix(200)) \(body.prefix(200)): \(answer.status) \(answer.body)")
      }
    }
    let plain = operation.body(0) ?? ""
    for parameter in operation.parameters {
      for value in all { send([parameter.name: value], plain) }
    }
    let times: Set = ["start", "end", "after", "until", "date", "date_start", "date_end"]
    let lengths: Set = ["timeframe", "period"]
    let spans = operation.parameters.map(\.name).filter(times.contains)
    for (index, first) in spans.enumerated() {
      for second in spans[(index + 1)...] {
        for (from, to) in product(combined, combined) {
          send([first: from, second: to], plain)
          for name in operation.parameters.map(\.name).filter(lengths.contains) where from <= to {
            for length in spans { send([first: from, second: to, name: length], plain) }
          }
        }
      }
    }
    for member in operation.members {
      for value in members { send([:], operation.body(0, with: member, value)) }
    }
    return problems
  }

  private static func product(_ left: [String], _ right: [String]) -> [(String, String)] {
    left.flatMap { a in right.map { (a, $0) } }
  }
}
