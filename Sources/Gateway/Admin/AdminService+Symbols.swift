internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension AdminService {
  /// What an operator may ask of a symbol.
  enum SymbolOrder: String {
    case halt
    case resume
  }

  /// `POST /admin/symbols/S/halt`, with `{"reason": "…"}`, and `…/resume`.
  func tell(_ name: String, _ order: SymbolOrder, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
    guard request.method == "POST" else { throw .methodNotAllowed("POST") }
    guard let symbol = Symbol(name) else { throw Self.noInstrument(name) }
    let reason = order == .halt ? try Self.reason(request.body) : nil
    let halts = halts(request.peer)
    do throws(HaltRefusal) {
      if let reason { try await halts.halt(symbol, reason: reason) } else { try await halts.resume(symbol) }
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

  private static func reason(_ body: [UInt8]) throws(APIError) -> String {
    guard let root = try? JSONDocument(body).root, root.kind == .object else { throw .badBody }
    guard let reason = root["reason"]?.string else { throw .field("reason is required", reason: "invalid_reason") }
    return reason
  }

  private static func noInstrument(_ name: String) -> APIError {
    APIError(404, "there is no instrument \(name)", reason: "not_found")
  }
}
