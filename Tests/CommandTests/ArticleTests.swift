import Foundation
import Testing

/// What the articles name is there.
struct ArticleTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let catalog = root.appending(path: "Sources/buttonwood/Buttonwood.docc")

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: catalog.appending(path: path), encoding: .utf8)
  }

  /// The architecture walks through the code by the names of files and folders.
  @Test func everyFileThatTheArchitectureNamesIsThere() throws {
    let named = try Self.text("Architecture.md").split(separator: "`").filter {
      $0.hasPrefix("Sources/") || $0.hasPrefix("Tests/")
    }
    #expect(named.count > 30)
    for path in named {
      let place = Self.root.appending(path: String(path))
      #expect((try? place.checkResourceIsReachable()) == true, "\(path) is not there")
    }
  }

  /// Each walk leads from room to room, a room being a folder of sources, and never back into one that it has left.
  @Test(arguments: [
    ("From a client's socket to its answer", 9), ("From the log to a client's stream", 12),
    ("From a death to the next owner", 8),
  ])
  func aWalkThroughTheCodeIsShortAndNeverGoesBack(title: String, most: Int) throws {
    let chapters = try Self.text("Architecture.md").components(separatedBy: "\n## ")
    let walk = try #require(chapters.first { $0.hasPrefix(title) })
    var rooms: [String] = []
    for path in walk.split(separator: "`") where path.hasPrefix("Sources/") {
      let room = path.split(separator: "/").dropLast().joined(separator: "/")
      guard room != rooms.last else { continue }
      #expect(!rooms.contains(room), "back into \(room)")
      rooms.append(room)
    }
    #expect(rooms.count > 4 && rooms.count <= most, "\(rooms)")
  }

  @Test func everyArticleIsListedAndEveryListedOneIsThere() throws {
    let listed = Set(
      try Self.text("Buttonwood.md").split(separator: "<doc:").dropFirst().map { String($0.prefix { $0 != ">" }) })
    let decisions = try FileManager.default.contentsOfDirectory(
      atPath: Self.catalog.appending(path: "Decisions").path())
    let articles = try FileManager.default.contentsOfDirectory(atPath: Self.catalog.path()).filter {
      $0.hasSuffix(".md")
    }
    let there = Set((decisions + articles).map { String($0.dropLast(3)) }).subtracting(["Buttonwood"])
    #expect(listed == there)
  }

  @Test func everyReferenceBetweenArticlesLeadsSomewhere() throws {
    let decisions = try FileManager.default.contentsOfDirectory(
      atPath: Self.catalog.appending(path: "Decisions").path())
    for article in ["Architecture.md", "Glossary.md", "Operations.md"] + decisions.map({ "Decisions/\($0)" }) {
      for reference in try Self.text(article).split(separator: "<doc:").dropFirst() {
        let name = reference.prefix { $0 != ">" }
        #expect(
          ["Operations", "Architecture", "Glossary"].contains(name) || decisions.contains("\(name).md"),
          "\(article): \(name)")
      }
    }
  }
}
