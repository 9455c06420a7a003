internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import MessagePack

/// How messages of the data stream are written.
enum StreamFormat: Hashable, CaseIterable {
  /// JSON in text frames.
  case json
  /// MessagePack in binary frames.
  case messagePack

  /// As the handshake's `Content-Type` asks for.
  init(_ request: HTTPRequest) {
    self = request.header("Content-Type")?.hasPrefix("application/msgpack") == true ? .messagePack : .json
  }

  /// A message: always a list.
  func message(_ elements: [StreamElement]) -> HTTPStreamChunk {
    switch self {
    case .json:
      var writer = JSONWriter(capacity: 192 * elements.count)
      writer.list(elements.count) { writer in for element in elements { element.write(to: &writer) } }
      return .text(writer.bytes)
    case .messagePack:
      var writer = MessagePackWriter(capacity: 160 * elements.count)
      writer.list(elements.count) { writer in for element in elements { element.write(to: &writer) } }
      return .binary(writer.bytes)
    }
  }
}

extension MessagePackWriter: MarketEncoder {
  mutating func map(_ count: Int, _ body: (inout MessagePackWriter) -> Void) {
    beginMap(count)
    body(&self)
  }

  mutating func list(_ count: Int, _ body: (inout MessagePackWriter) -> Void) {
    beginArray(count)
    body(&self)
  }

  mutating func key(_ name: StaticString) { string(plain: name) }
  mutating func text(_ text: String) { string(text) }
  mutating func whole(_ number: Int64) { integer(number) }
  mutating func flag(_ value: Bool) { bool(value) }

  /// Clients expect binary floating point here. The quotient of two whole numbers below 2^53 is the number nearest to the
  /// decimal, which is what a client makes of the decimal's text too.
  mutating func decimal(_ value: Int64, _ fractionDigits: Int) {
    var unit = 1.0
    for _ in 0..<fractionDigits { unit *= 10 }
    double(Double(value) / unit)
  }

  mutating func moment(_ time: Timestamp) { timestamp(microseconds: time.rawValue) }
}
