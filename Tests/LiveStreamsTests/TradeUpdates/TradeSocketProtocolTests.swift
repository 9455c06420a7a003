import Testing

@testable import LiveStreams

@Suite struct TradeSocketProtocolTests {
  private func receive(_ text: String, authenticated: Bool = false) -> TradeSocketProtocol.Step {
    var script = TradeSocketProtocol()
    if authenticated { _ = script.authenticated(true) }
    return script.receive(Array(text.utf8))
  }

  @Test func readsBothFormsOfAuthentication() {
    #expect(
      receive(#"{"action":"authenticate","data":{"key_id":"K","secret_key":"S"}}"#)
        == .authenticate(keyID: "K", secret: "S"))
    #expect(receive(#"{"action":"auth","key":"K","secret":"S"}"#) == .authenticate(keyID: "K", secret: "S"))
    #expect(receive(#"{"action":"auth"}"#) == .authenticate(keyID: "", secret: ""))
    // Repeated, it changes nothing: the stream stays the account's.
    guard case .answer = receive(#"{"action":"auth","key":"L","secret":"S"}"#, authenticated: true) else {
      Issue.record("a second authentication is not answered")
      return
    }
  }

  @Test func listensOnlyForWhomItKnows() {
    let listen = #"{"action":"listen","data":{"streams":["trade_updates","else"]}}"#
    #expect(receive(listen, authenticated: true) == .listen)
    #expect(receive(#"{"action":"listen","data":{"streams":[]}}"#, authenticated: true) == .stop)
    #expect(receive(#"{"action":"listen","data":{"streams":["else"]}}"#, authenticated: true) == .stop)
    guard case .answer = receive(listen) else {
      Issue.record("a stranger's wish to listen is not answered")
      return
    }
  }

  @Test(arguments: [
    "", "x", "[]", "{}", "7", #"{"action":7}"#, #"{"action":"dance"}"#, String(repeating: "[", count: 99),
  ])
  func ignoresWhatItDoesNotUnderstand(text: String) { #expect(receive(text, authenticated: true) == .ignore) }
}
