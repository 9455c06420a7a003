internal import APIKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension AdminService {
  /// What an operator may ask of a symbol.
  enum SymbolInstruction: String {
    case halt
    case resume
  }

  /// `POST /admin/symbols/S/halt`, with `{"reason": "…", "collect": false}`, and `…/resume`.
  func instruct(_ name: String, _ order: SymbolInstruction, _ request: HTTPRequest) async throws(APIError)
    -> HTTPResponse
  {
    guard request.method == "POST" else { throw .methodNotAllowed("POST") }
    guard let symbol = Symbol(name) else { throw Self.noInstrument(name) }
    let terms = order == .halt ? try Self.terms(request.body) : nil
    let reason = terms?.reason
    let halts = halts(request.peer)
    do throws(HaltRefusal) {
      if let terms {
        try await halts.halt(symbol, reason: terms.reason, collects: terms.collects)
      } else {
        try await halts.resume(symbol)
      }
    } catch {
      switch error {
      case .unknownInstrument: throw Self.noInstrument(name)
      case .badReason(let text): throw .field(text, reason: "invalid_reason")
      case .unavailable: throw .unavailable
      }
    }
    var writer = JSONWriter(capacity: 256)
    writer.beginObject()
    writer.key("symbol")
    writer.string(symbol.description)
    writer.key("halted")
    writer.bool(reason != nil)
    writer.key("reason")
    if let reason { writer.string(reason) } else { writer.null() }
    writer.endObject()
    return .json(200, writer)
  }

  private static func terms(_ body: [UInt8]) throws(APIError) -> (reason: String, collects: Bool) {
    guard let root = try? JSONDocument(body).root, root.kind == .object else { throw .badBody }
    guard let reason = root["reason"]?.string else { throw .field("reason is required", reason: "invalid_reason") }
    var collects = false
    if let value = root.given("collect") {
      guard let choice = value.bool else { throw .field("collect is true or false", reason: "invalid_collect") }
      collects = choice
    }
    return (reason, collects)
  }

  private static func noInstrument(_ name: String) -> APIError {
    APIError(404, "there is no instrument \(name)", reason: "not_found")
  }
}
