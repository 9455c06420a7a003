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

func program(_ name: String, _ dependencies: [Target.Dependency], linker: [LinkerSetting] = []) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings, linkerSettings: linker)
}

/// - Parameter isArithmetic: Whether the tests compute more than what they test: then they are optimized as well. Others take
///   longer to optimize than that saves.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = [],
  isArithmetic: Bool = false
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: settings + (isArithmetic ? [] : [.unsafeFlags(["-Onone"], .when(configuration: .release))]))
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
    // A shard's log in, settlements out; pure.
    library("Engine", ["Market", "Matching", "Accounting"]),

    // Kits.
    library("Lifecycle", []),
    library("JSON", []),
    library("Telemetry", ["JSON", "Lifecycle"]),

    // Ports and services.
    library("Ports", ["Market", "Accounting", "Sharding"]),
    library("Services", ["Engine", "Market", "Accounting", "Sharding", "Ports", "JSON", "Lifecycle"]),

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
      ["Postgres", "Ports", "Market", "Accounting", "Sharding", "JSON", "Digest", "Lifecycle"],
      resources: [.embedInCode("Schema/Migrations")]),
    library("PostgresAudit", ["PostgresStore", "Postgres", "Ports", "Engine", "Market", "Accounting"]),
    library("RedisStore", ["Redis", "Ports", "Market", "Sharding", "Digest", "Lifecycle"]),
    // Doors: what all of them answer with, what those for clients share, and three of their own.
    library("APIKit", ["HTTP", "JSON", "Ports"]),
    library(
      "ClientKit", ["APIKit", "HTTP", "JSON", "Digest", "Services", "Ports", "Market", "Accounting", "Lifecycle"]),
    library(
      "TradingAPI",
      [
        "APIKit", "ClientKit", "HTTP", "JSON", "Digest", "Services", "Engine", "Ports", "Market", "Accounting",
        "Lifecycle",
      ]),
    library(
      "LiveStreams",
      [
        "APIKit", "ClientKit", "HTTP", "JSON", "MessagePack", "Services", "Engine", "Ports", "Market", "Accounting",
        "Lifecycle",
      ]),
    library(
      "AdminAPI",
      ["APIKit", "HTTP", "JSON", "Digest", "Services", "Ports", "Market", "Sharding", "Lifecycle", "Telemetry"],
      resources: [.embedInCode("Console/Files")]),

    // Load over HTTP, for the lab and the tests: many connections on one thread; epoll comes with libmicrohttpd's module.
    library("HTTPLoad", ["CMicroHTTPD", "HTTP", "Lifecycle"]),

    // The engine under recorded and generated load, for the lab and the tests.
    library("Recordings", ["CZlib"]),
    // The whole exchange on one thread, by a virtual clock and a seed: for the lab and the tests alone.
    .target(name: "CVirtualClock"),
    library(
      "Simulation",
      [
        "CVirtualClock", "LiveStreams", "ClientKit", "Services", "Engine", "Ports", "Market", "Accounting", "Sharding",
        "Lifecycle",
      ]),
    library("EngineLab", ["Matching", "Market", "Recordings"]),
    // Recorded order flow, load and streams, for the lab; epoll comes with libmicrohttpd's module.
    library("LabKit", ["CMicroHTTPD", "HTTPLoad", "JSON", "Market", "Accounting", "Lifecycle", "Recordings"]),

    // Programs.
    program(
      "buttonwood",
      [
        "ClientKit", "TradingAPI", "LiveStreams", "AdminAPI", "PostgresStore", "PostgresAudit", "RedisStore",
        "Services",
        "Ports", "Market", "Sharding", "HTTP", "HTTPClient", "Postgres", "Redis", "JSON", "Digest",
        "Lifecycle", "Telemetry",
      ]),
    program(
      "buttonwood-lab",
      [
        "Engine", "Matching", "Market", "Accounting", "Sharding", "Ports", "Services", "ClientKit", "TradingAPI",
        "PostgresStore", "RedisStore", "Postgres", "HTTP", "HTTPLoad", "Digest", "Lifecycle", "EngineLab", "LabKit",
        "Recordings", "Simulation",
      ],
      // The simulation's clock takes the place of the C library's for the Swift runtime as well.
      linker: [.unsafeFlags(["-Xlinker", "--export-dynamic"])]),

    // Tests.
    library("TestKit", ["Postgres", "Redis", "Accounting", "Market", "Lifecycle"]),
    tests("MarketTests", ["Market", "Matching", "TestKit"], isArithmetic: true),
    tests(
      "MatchingTests", ["Matching", "EngineLab", "Recordings", "Market"], resources: [.copy("Fixtures")],
      isArithmetic: true),
    tests("AccountingTests", ["Accounting", "Market", "TestKit"], isArithmetic: true),
    tests("EngineTests", ["Engine", "Simulation", "Accounting", "Market", "TestKit"], isArithmetic: true),
    tests("ShardingTests", ["Sharding", "Market", "TestKit"], isArithmetic: true),
    tests("KitTests", ["Lifecycle", "Telemetry", "JSON", "MessagePack", "Digest", "TestKit"]),
    tests("HTTPTests", ["HTTP", "HTTPLoad", "Lifecycle", "TestKit"]),
    tests("HTTPClientTests", ["HTTPClient", "HTTP", "Lifecycle", "TestKit"]),
    tests("PostgresTests", ["Postgres", "Lifecycle", "TestKit"]),
    tests("RedisTests", ["Redis", "Lifecycle", "TestKit"]),
    tests(
      "PostgresStoreTests",
      [
        "PostgresStore", "PostgresAudit", "Postgres", "Services", "Engine", "Ports", "Market", "Accounting", "Sharding",
        "JSON", "Lifecycle", "Digest", "Simulation", "TestKit",
      ]),
    tests(
      "RedisStoreTests", ["RedisStore", "Redis", "Ports", "Market", "Sharding", "Lifecycle", "Simulation", "TestKit"]),
    tests(
      "ServicesTests",
      ["Services", "Engine", "Matching", "Ports", "Market", "Accounting", "Sharding", "Lifecycle", "TestKit"]),
    library(
      "APITestKit",
      [
        "ClientKit", "TradingAPI", "LiveStreams", "HTTP", "JSON", "Services", "Ports", "Market", "Accounting", "Digest",
        "Lifecycle",
      ]),
    tests("ClientKitTests", ["ClientKit", "Ports", "Market", "Lifecycle"]),
    tests(
      "TradingAPITests",
      [
        "APIKit", "ClientKit", "TradingAPI", "APITestKit", "HTTP", "JSON", "Services",
        "Ports", "Market", "Accounting", "Digest", "Lifecycle", "TestKit",
      ]),
    tests(
      "LiveStreamsTests",
      [
        "ClientKit", "TradingAPI", "LiveStreams", "APITestKit", "HTTP", "JSON", "MessagePack", "Services", "Engine",
        "Ports", "Market", "Accounting", "Lifecycle", "TestKit",
      ]),
    tests(
      "AdminAPITests",
      ["AdminAPI", "HTTP", "JSON", "Services", "Ports", "Market", "Sharding", "Lifecycle", "Telemetry"]),
    tests("CommandTests", ["buttonwood", "Lifecycle"]),
    tests(
      "LabTests", ["LabKit", "Recordings", "HTTP", "HTTPLoad", "JSON", "Market", "Accounting", "Lifecycle", "TestKit"]),
    tests("SystemTests", ["TestKit", "Postgres", "Redis", "JSON", "Lifecycle"], exclude: ["Shims"]),
  ]
)
