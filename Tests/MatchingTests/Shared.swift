import Foundation

/// Market data that is not part of the repository: beside it in `shared`, or where BUTTONWOOD_SHARED says.
enum Shared {
  /// The path of a shared file; nil when it is not there.
  static func path(_ name: String) -> String? {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder =
      ProcessInfo.processInfo.environment["BUTTONWOOD_SHARED"]
      ?? root.deletingLastPathComponent().appendingPathComponent("shared").path
    let path = folder + "/" + name
    if FileManager.default.fileExists(atPath: path) { return path }
    print("skipped: \(path) is not there")
    return nil
  }

  /// The lines of a shared text file; none when it is not there.
  static func lines(_ name: String) -> [String] {
    guard let path = path(name), let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map(String.init)
  }
}

/// A folder for one test, removed at its end.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("matching-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
