import Testing

@testable import Redis

@Suite struct SlotMapTests {
  private let asked = RedisEndpoint.tcp(host: "10.0.0.9", port: 7)

  private func node(_ host: RedisValue, _ port: Int64) -> RedisValue {
    .array([host, .integer(port), .text("id"), .array([])])
  }

  @Test func rangesBelongToTheNodeNamedFirst() throws {
    let reply = RedisValue.array([
      .array([.integer(0), .integer(99), node(.text("a"), 1), node(.text("b"), 2)]),
      .array([.integer(200), .integer(16_383), node(.text("c"), 3)]),
      .array([.integer(100), .integer(100), node(.text("a"), 1)]),
    ])
    var map = try #require(SlotMap(reply, from: asked))
    let a = RedisEndpoint.tcp(host: "a", port: 1)
    let b = RedisEndpoint.tcp(host: "b", port: 2)
    let c = RedisEndpoint.tcp(host: "c", port: 3)
    #expect(map.nodes == [a, b, c])
    #expect(map.masters.map { map.nodes[$0] } == [a, c])
    #expect([0, 99, 100, 101, 199, 200, 16_383].map { map.owner(of: $0) } == [0, 0, 0, nil, nil, 2, 2])
    map.assign(150, to: b)
    map.assign(99, to: .tcp(host: "new", port: 4))
    #expect(map.owner(of: 150) == 1 && map.owner(of: 99) == 3 && map.owner(of: 98) == 0)
    #expect(map.masters == [0, 2, 1, 3])
  }

  @Test(arguments: [RedisValue.null, .text(""), .text("?")])
  func nodeThatDoesNotKnowItsHostIsTheOneThatWasAsked(_ host: RedisValue) throws {
    let reply = RedisValue.array([.array([.integer(0), .integer(1), node(host, 5)])])
    #expect(try #require(SlotMap(reply, from: asked)).nodes == [.tcp(host: "10.0.0.9", port: 5)])
  }

  @Test(arguments: [
    RedisValue.null, .integer(1), .array([.integer(1)]), .array([.array([.integer(0), .integer(1)])]),
    .array([.array([.integer(5), .integer(4), .array([.text("h"), .integer(1)])])]),
    .array([.array([.integer(0), .integer(16_384), .array([.text("h"), .integer(1)])])]),
    .array([.array([.integer(-1), .integer(1), .array([.text("h"), .integer(1)])])]),
    .array([.array([.integer(0), .integer(1), .array([.text("h")])])]),
  ])
  func otherRepliesAreNoMap(_ reply: RedisValue) { #expect(SlotMap(reply, from: asked) == nil) }

  @Test(arguments: [
    ("MOVED 3999 127.0.0.1:6381", ClusterRedirect.moved(slot: 3999, .tcp(host: "127.0.0.1", port: 6381))),
    ("MOVED 0 :6381", .moved(slot: 0, .tcp(host: "10.0.0.9", port: 6381))),
    ("ASK 16383 ::1:6381", .ask(.tcp(host: "::1", port: 6381))),
    ("ASK 5 node-1.local:1", .ask(.tcp(host: "node-1.local", port: 1))), ("MOVED 16384 a:1", .none),
    ("MOVED 1 a", .none), ("MOVED 1", .none), ("MOVED", .none), ("ASK x a:1", .none),
    ("TRYAGAIN Multiple keys request during rehashing of slot", .later), ("CLUSTERDOWN The cluster is down", .later),
    ("READONLY You can't write against a read only replica.", .later), ("OOM command not allowed", .none),
    ("NOSCRIPT No matching script.", .none), ("ERR MOVED 1 a:1", .none),
  ])
  func redirectionsAreRead(_ text: String, _ redirect: ClusterRedirect) {
    #expect(ClusterRedirect(.refusal(RedisRefusal(reply: text)), from: asked) == redirect)
  }

  @Test func everythingElseStands() {
    for reply in [RedisValue.null, .integer(1), .text("MOVED 1 a:1"), .array([])] {
      #expect(ClusterRedirect(reply, from: asked) == .none)
    }
  }
}

extension RedisValue {
  static func text(_ text: String) -> RedisValue { .bytes(Array(text.utf8)) }
}
