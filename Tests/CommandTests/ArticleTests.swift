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
