import Foundation
import Testing

/// Nothing works detached: what a process does is a service of its list or a sending of a background queue. Tasks of their own are
/// made by the kit that these rest on, and where somebody waits for what they come to.
struct DetachedTaskTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  /// Files and folders that make tasks, and why they may.
  private static let places: [String: String] = [
    "Lifecycle/": "services, queues and alarms rest on them",
    "HTTP/Server/ServerLoop+Requests.swift":
      "a request's handler: counted, bounded and waited for when the server drains",
    "PostgresStore/Ledger/Settling/BookReading.swift": "parts of a book: awaited by whoever reads it",
    "RedisStore/Orders/ClusterReader.swift": "reads of shards: held, and cancelled with their reader",
    "RedisStore/Orders/StreamKeyring.swift": "one reading that all who ask wait for",
    "Services/Fleet/FindingMonitor.swift": "one look that all who ask wait for",
    "Services/Coordination/": "recoveries, preparations and probes of a worker: their actors are told of the end",
    // None of these are parts of the exchange's processes.
    "Simulation/": "the simulated processes themselves", "TestKit/": "tests", "buttonwood-lab/": "measurements",
  ]

  @Test func tasksAreMadeByTheKitAndWhereSomebodyWaitsForThem() throws {
    let files = try #require(FileManager.default.enumerator(at: Self.sources, includingPropertiesForKeys: nil))
    let root = Self.sources.standardizedFileURL.path()
    var used = Set<String>()
    for case let file as URL in files where file.pathExtension == "swift" {
      let path = file.standardizedFileURL.path().dropFirst(root.count).drop { $0 == "/" }
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter {
        !$0.drop(while: \.isWhitespace).hasPrefix("//")
          && $0.contains(#/\bTask(\.detached)? ?(\{|\((priority|executorPreference|name))/#)
      }
      guard !lines.isEmpty else { continue }
      let place = Self.places.keys.first { path.hasPrefix($0) }
      #expect(place != nil, "\(path): \(lines[0])")
      if let place { used.insert(place) }
    }
    #expect(used == Set(Self.places.keys), "places that make none need not be listed")
  }
}
