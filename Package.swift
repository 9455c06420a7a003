// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Warnings are errors where a change is judged (BUTTONWOOD_STRICT=1, set by Scripts/test);
// a newer compiler's new warning must not keep a user from building.
let strict = ProcessInfo.processInfo.environment["BUTTONWOOD_STRICT"] == "1"

let settings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

func library(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [], features: [SwiftSetting] = []
) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings + features)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
}

let package = Package(
  name: "buttonwood",
  products: [
    .library(name: "Matching", targets: ["Matching", "Market"]),
    .executable(name: "buttonwood", targets: ["buttonwood"]),
    .executable(name: "buttonwood-lab", targets: ["buttonwood-lab"]),
  ],
  targets: [
    // C libraries, from Debian's packages (Scripts/bootstrap installs them).
    .systemLibrary(name: "CPostgreSQL"),
    .systemLibrary(name: "CHiredis"),
    .systemLibrary(name: "CLibCrypto"),
    .systemLibrary(name: "CWslay"),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CMsgPack"),
    .systemLibrary(name: "CCurl"),
    .target(name: "CMicroHTTPD", linkerSettings: [.linkedLibrary("microhttpd")]),

    // Domain: standard library only.
    library("Market", []),
    // Lifetimes: the matcher holds several spans in one value.
    library("Matching", ["Market"], features: [.enableExperimentalFeature("Lifetimes")]),
    library("Accounting", ["Market"]),
    library("Sharding", ["Market"]),

    // Kits.
    library("Lifecycle", []),
    library("JSON", []),
    library("Telemetry", ["JSON", "Lifecycle"]),

    // Ports and services.
    library("Ports", ["Market", "Accounting", "Sharding"]),
    library("Services", ["Market", "Matching", "Accounting", "Sharding", "Ports", "Lifecycle"]),

    // Drivers: one C library each, no word of orders.
    library("Digest", ["CLibCrypto"]),
    library("MessagePack", ["CMsgPack"]),
    library("HTTP", ["CMicroHTTPD", "CWslay", "JSON", "Digest", "Lifecycle"]),
    library("HTTPClient", ["CCurl", "Lifecycle"]),
    library("Postgres", ["CPostgreSQL", "Lifecycle"]),
    library("Redis", ["CHiredis", "Lifecycle"]),

    // Adapters.
    library(
      "PostgresStore",
      [
        "Postgres", "Services", "Ports", "Market", "Accounting", "Sharding", "JSON", "Digest", "Lifecycle",
      ],
      resources: [.embedInCode("Migrations")]),
    library("RedisStore", ["Redis", "Ports", "Market", "Sharding", "Digest", "Lifecycle"]),
    library(
      "Gateway",
      [
        "HTTP", "JSON", "MessagePack", "Digest", "Services", "Ports", "Market", "Accounting", "Sharding", "Lifecycle",
        "Telemetry",
      ],
      resources: [.embedInCode("Admin/Console")]),

    // Load over HTTP, for the lab and the tests: many connections on one thread; epoll comes with libmicrohttpd's module.
    library("HTTPLoad", ["CMicroHTTPD", "HTTP", "Lifecycle"]),

    // The engine under recorded and generated load, for the lab and the tests.
    library("Recordings", ["CZlib"]),
    library("EngineLab", ["Matching", "Market", "Recordings"]),
    // Recorded order flow, load and streams, for the lab; epoll comes with libmicrohttpd's module.
    library("LabKit", ["CMicroHTTPD", "HTTPLoad", "JSON", "Market", "Accounting", "Lifecycle", "Recordings"]),

    // Programs.
    program(
      "buttonwood",
      [
        "Gateway", "PostgresStore", "RedisStore", "Services", "Ports", "Market", "Sharding", "HTTP", "HTTPClient",
        "Postgres",
        "Redis", "JSON", "Digest", "Lifecycle", "Telemetry",
      ]),
    program(
      "buttonwood-lab",
      [
        "Matching", "Market", "Accounting", "Sharding", "Ports", "Services", "Gateway", "PostgresStore", "RedisStore",
        "Postgres", "HTTP", "HTTPLoad", "Digest", "Lifecycle", "EngineLab", "LabKit", "Recordings",
      ]),

    // Tests.
    library("TestKit", ["Postgres", "Redis", "Lifecycle"]),
    tests("MarketTests", ["Market", "Matching", "TestKit"]),
    tests(
      "MatchingTests", ["Matching", "EngineLab", "Recordings", "Market"], resources: [.copy("Fixtures")]),
    tests("AccountingTests", ["Accounting", "Market", "TestKit"]),
    tests("ShardingTests", ["Sharding", "Market", "TestKit"]),
    tests("KitTests", ["Lifecycle", "Telemetry", "JSON", "MessagePack", "Digest", "TestKit"]),
    tests("HTTPTests", ["HTTP", "HTTPLoad", "Lifecycle", "TestKit"]),
    tests("HTTPClientTests", ["HTTPClient", "HTTP", "Lifecycle", "TestKit"]),
    tests("PostgresTests", ["Postgres", "TestKit"]),
    tests("RedisTests", ["Redis", "Lifecycle", "TestKit"]),
    tests(
      "PostgresStoreTests",
      [
        "PostgresStore", "Postgres", "Services", "Ports", "Market", "Accounting", "Sharding", "JSON", "Lifecycle",
        "Digest", "TestKit",
      ]),
    tests("RedisStoreTests", ["RedisStore", "Redis", "Ports", "Market", "Sharding", "Lifecycle", "TestKit"]),
    tests(
      "ServicesTests", ["Services", "Matching", "Ports", "Market", "Accounting", "Sharding", "Lifecycle", "TestKit"]),
    tests(
      "GatewayTests",
      [
        "Gateway", "HTTP", "JSON", "MessagePack", "Services", "Ports", "Market", "Accounting", "Sharding", "Digest",
        "Lifecycle",
        "Telemetry", "TestKit",
      ]),
    tests("CommandTests", ["buttonwood", "Lifecycle"]),
    tests(
      "LabTests", ["LabKit", "Recordings", "HTTP", "HTTPLoad", "JSON", "Market", "Accounting", "Lifecycle", "TestKit"]),
    tests("SystemTests", ["TestKit", "Postgres", "Redis", "JSON", "Lifecycle"], exclude: ["Shims"]),
  ]
)
