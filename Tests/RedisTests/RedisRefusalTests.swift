import Redis
import Testing

@Suite struct RedisRefusalTests {
  @Test(arguments: [
    ("OOM command not allowed when used memory > 'maxmemory'.", "OOM", true),
    ("MOVED 3999 127.0.0.1:6381", "MOVED", true),
    ("LOADING Redis is loading the dataset in memory", "LOADING", true),
    ("READONLY You can't write against a read only replica.", "READONLY", true),
    ("NOSCRIPT No matching script.", "NOSCRIPT", false),
    ("WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS", false),
    ("ERR syntax error", "ERR", false), ("ODD", "ODD", false), ("", "", false),
  ])
  func codeAndMessageAreTakenApart(_ reply: String, _ code: String, _ passes: Bool) {
    let refusal = RedisRefusal(reply: reply)
    #expect(refusal.code == code && refusal.description == reply && refusal.isPassing == passes)
    #expect(RedisError.refused(refusal).isRetriable == passes)
  }
}
