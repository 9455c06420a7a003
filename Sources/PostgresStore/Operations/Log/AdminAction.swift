internal import JSON

/// A change that an operator asks for, as the administrative log tells it. Secrets and their digests are no part of it.
struct AdminAction: Hashable, Sendable {
  /// The longest text that the log keeps of a target, an argument or an outcome, in bytes; of longer ones the beginning.
  static let maximumTextBytes = 1_000

  /// The command as an operator types it, without the program: `account deposit`.
  let name: String
  /// What it is done to: an account, a key, a symbol, a day.
  let target: String
  /// How, as a JSON object of texts.
  let arguments: String

  /// Makes an action; arguments without a value are left out.
  init(_ name: String, target: String, _ arguments: [String: String?] = [:]) {
    var writer = JSONWriter(capacity: 256)
    writer.beginObject()
    for (key, value) in arguments.sorted(by: { $0.key < $1.key }) {
      guard let value else { continue }
      writer.key(dynamic: key)
      writer.string(Self.bounded(value))
    }
    writer.endObject()
    self.name = name
    self.target = Self.bounded(target)
    self.arguments = String(decoding: writer.bytes, as: UTF8.self)
  }

  /// What can be stored of a text that somebody typed: PostgreSQL's texts have no zero, in JSON neither.
  static func bounded(_ text: String) -> String {
    var bytes = 0
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let scalar = scalar == "\0" ? "\u{FFFD}" : scalar
      bytes += UTF8.width(scalar)
      guard bytes <= maximumTextBytes else { return String(scalars) + "…" }
      scalars.append(scalar)
    }
    return String(scalars)
  }
}
