import Redis
import Testing

@Suite struct RedisAddressTests {
  @Test(arguments: [
    ("redis://localhost", "redis://localhost:6379/0"),
    ("redis://localhost:7000/3", "redis://localhost:7000/3"),
    ("redis://127.0.0.1:7000/", "redis://127.0.0.1:7000/0"),
    ("redis://[::1]:7000/2", "redis://[::1]:7000/2"),
    ("redis://[fe80::1]", "redis://[fe80::1]:6379/0"),
    ("redis://:s3cret@host", "redis://:***@host:6379/0"),
    ("redis://ann:s3cret@host:1/9", "redis://ann:***@host:1/9"),
    ("unix:///run/redis.sock", "unix:///run/redis.sock?db=0"),
    ("unix://ann:s3cret@/run/r@1.sock?db=4", "unix://ann:***@/run/r@1.sock?db=4"),
  ])
  func urlIsUnderstood(_ url: String, _ shown: String) throws {
    #expect(try RedisAddress(url: url).description == shown)
  }

  @Test func loginIsPercentDecoded() throws {
    let address = try RedisAddress(url: "redis://a%40b:p%3A%2f%25%C3%A9:x@host")
    #expect(
      address.user == "a@b" && address.password == "p:/%é:x" && address.endpoint == .tcp(host: "host", port: 6379))
  }

  @Test(arguments: [
    ("", "expected redis://"), ("localhost:6379", "expected redis://"), ("http://localhost", "expected redis://"),
    ("rediss://localhost", "TLS"), ("redis://", "host"), ("redis://:6379", "host"), ("redis://h:0", "port"),
    ("redis://h:65536", "port"), ("redis://h:x", "port"), ("redis://h:", "port"), ("redis://h/x", "database"),
    ("redis://h/-1", "database"), ("redis://h/1/2", "database"), ("redis://[::1", "]"), ("redis://[::1]x", "]"),
    ("redis://s3cret@h", "password"), ("redis://u:%s3cret@h", "percent"), ("redis://u:%ffs3cret@h", "percent"),
    ("redis://u:s3/cret@h", "%2F"), ("unix://relative", "absolute"), ("unix:///", "absolute"),
    ("unix:///a?x=1", "?db"), ("unix:///a?db=", "database"),
    ("unix:///" + String(repeating: "a", count: 107), "107"),
  ])
  func malformedURLIsRefusedWithItsReason(_ url: String, _ word: String) throws {
    let error = try #require(throws: RedisURLError.self) { try RedisAddress(url: url) }
    #expect(error.description.contains(word))
    #expect(!error.description.contains("s3"))
  }

  @Test func passwordIsNeverPrinted() throws {
    let address = try RedisAddress(url: "redis://ann:s3cret@host")
    var dumped = ""
    dump(address, to: &dumped)
    dump(RedisSettings(address: address), to: &dumped)
    for text in ["\(address)", String(reflecting: address), dumped, "\(RedisSettings(address: address))"] {
      #expect(!text.contains("s3cret"))
    }
  }
}
