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
    ("redis+sentinel://one/mymaster", "redis+sentinel://one:26379/mymaster/0"),
    ("redis+sentinel://ann:s3cret@a:1,[::1]:2,c/m/3", "redis+sentinel://ann:***@a:1,[::1]:2,c:26379/m/3"),
    (
      "redis+sentinel://a/m?sentinel_password=s3cret&sentinel_user=sam",
      "redis+sentinel://a:26379/m/0?sentinel_user=sam"
    ),
    ("redis+cluster://a,b:7,[fe80::1]", "redis+cluster://a:6379,b:7,[fe80::1]:6379"),
    ("redis+cluster://:s3cret@a:1/", "redis+cluster://:***@a:1"),
  ])
  func urlIsUnderstood(_ url: String, _ shown: String) throws {
    #expect(try RedisAddress(url: url).description == shown)
  }

  @Test func loginIsPercentDecoded() throws {
    let address = try RedisAddress(url: "redis://a%40b:p%3A%2f%25%C3%A9:x@host")
    #expect(
      address == RedisAddress(endpoint: .tcp(host: "host", port: 6379), login: .init(user: "a@b", password: "p:/%é:x")))
  }

  @Test func sentinelsHaveALoginOfTheirOwn() throws {
    let address = try RedisAddress(
      url: "redis+sentinel://ann:pass@a,b:9/my%20master/2?sentinel_user=s%26m&sentinel_password=p%3D%26")
    let sentinels = RedisSentinels(
      [.tcp(host: "a", port: 26379), .tcp(host: "b", port: 9)], masterName: "my master",
      login: .init(user: "s&m", password: "p=&"))
    #expect(address == RedisAddress(.sentinel(sentinels), login: .init(user: "ann", password: "pass"), database: 2))
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
    ("redis://a,b", "redis+sentinel"), ("redis://a?x=1", "?"), ("redis://u:s3/cret?@h", "%2F"),
    ("redis+sentinel://a:1", "master"), ("redis+sentinel://a/", "master"), ("redis+sentinel://a/%zz", "percent"),
    ("redis+sentinel://a,,b/m", "host"), ("redis+sentinel://a/m/x", "database"),
    ("redis+sentinel://a/m/1/2", "database"),
    ("redis+sentinel://a/m?sentinel_pass=s3", "sentinel_password"), ("redis+sentinel://a/m?sentinel_user=x", "needs"),
    ("redis+sentinel://a/m?sentinel_password=%s3", "percent"), ("redis+sentinel:///m", "host"),
    ("redis+cluster://a/1", "one database"), ("redis+cluster://a,b:0", "port"), ("redis+cluster://", "host"),
    ("redis+cluster://a?x=1", "?"), ("rediss+cluster://a", "TLS"), ("redis+tls://a", "expected"),
  ])
  func malformedURLIsRefusedWithItsReason(_ url: String, _ word: String) throws {
    let error = try #require(throws: RedisURLError.self) { try RedisAddress(url: url) }
    #expect(error.description.contains(word))
    #expect(!error.description.contains("s3"))
  }

  @Test func passwordIsNeverPrinted() throws {
    for url in ["redis://ann:s3cret@host", "redis+sentinel://:s3cret@h/m?sentinel_password=s3cret2"] {
      let address = try RedisAddress(url: url)
      var dumped = ""
      dump(address, to: &dumped)
      dump(RedisSettings(address: address), to: &dumped)
      for text in ["\(address)", String(reflecting: address), dumped, "\(RedisSettings(address: address))"] {
        #expect(!text.contains("s3cret"))
      }
    }
  }
}
