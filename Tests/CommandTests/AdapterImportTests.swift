import Foundation
import Testing

/// Where adapters may be named: nowhere but where a process is put together. All else sees ports and services.
struct AdapterImportTests {
  private static let adapters = ["PostgresStore", "PostgresAudit", "RedisStore"]
  private static let drivers = ["Postgres", "Redis"]

  private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  /// Who may import what.
  private struct Place {
    var path: String
    var imports: [String]
  }

  private static let places = [
    Place(path: "buttonwood/Assembly/", imports: adapters + drivers),
    // Addresses are parsed, and passwords in them found, by those who connect with them.
    Place(path: "buttonwood/Roles/ConnectionOptions.swift", imports: drivers),
    Place(path: "PostgresStore/", imports: ["Postgres"]),
    Place(path: "PostgresAudit/", imports: ["PostgresStore", "Postgres"]),
    Place(path: "RedisStore/", imports: ["Redis"]),
    // What measures an adapter has to name it.
    Place(path: "buttonwood-lab/", imports: ["PostgresStore", "RedisStore", "Postgres"]),
    // Starts real servers, and asks them.
    Place(path: "TestKit/", imports: drivers),
  ]

  /// Modules that a file imports.
  private static func imports(_ file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count <= 3, let place = words.firstIndex(of: "import"), place <= 1, place + 2 == words.count else {
        return nil
      }
      return String(words[place + 1])
    }
  }

  @Test func adaptersAndDriversAreImportedWhereProcessesArePutTogether() throws {
    let files = try #require(FileManager.default.enumerator(at: Self.sources, includingPropertiesForKeys: nil))
    let watched = Set(Self.adapters + Self.drivers)
    var seen = Set<String>()
    for case let file as URL in files where file.pathExtension == "swift" {
      let path = String(file.standardizedFileURL.path().dropFirst(Self.sources.standardizedFileURL.path().count))
        .split(separator: "/").joined(separator: "/")
      let allowed = Set(Self.places.filter { path.hasPrefix($0.path) }.flatMap(\.imports))
      let imported = try Set(Self.imports(file)).intersection(watched)
      seen.formUnion(imported)
      let strange = imported.subtracting(allowed).sorted()
      #expect(strange.isEmpty, "\(path) imports \(strange.joined(separator: ", "))")
    }
    #expect(seen == watched, "the sources were not found")
  }
}
