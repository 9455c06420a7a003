internal import Glibc
internal import JSON

/// One field of a message.
public struct LogField: Hashable, Sendable {
  /// What it is called.
  public var name: String
  /// What is shown.
  public var value: String
  /// Whether the value is a number or truth value, which JSON shows without quotes.
  public var isBare: Bool

  /// Describes a value; secrets are hidden by the field's name.
  init(_ name: String, _ value: any CustomStringConvertible) {
    self.name = name
    guard !Redaction.isSecret(name) else {
      self.value = Redaction.replacement
      isBare = false
      return
    }
    let text = value.description
    isBare = !(value is any StringProtocol) && (value is Bool || Int64(text).map { String($0) == text } ?? false)
    self.value = Redaction.hidingPasswords(in: text)
  }
}

/// One message with its time and fields, and the lines it makes.
public struct LogRecord: Hashable, Sendable {
  /// Longest line in bytes, newline included: what a pipe takes in one piece (PIPE_BUF on Linux).
  public static let maximumLineBytes = 4096
  /// Longest message or value in bytes; what is beyond is cut off.
  public static let maximumTextBytes = 1024

  /// Wall-clock microseconds since 1970.
  public var time: Int64
  /// How much it matters.
  public var level: LogLevel
  /// What happened.
  public var message: String
  /// To whom and how.
  public var fields: [LogField]

  /// Makes a record.
  init(time: Int64, level: LogLevel, message: String, fields: [LogField]) {
    self.time = time
    self.level = level
    self.message = Redaction.hidingPasswords(in: message)
    self.fields = fields
  }

  /// One JSON object and a newline. Fields that do not fit are left out, and `"truncated":true` says so.
  public var jsonLine: [UInt8] {
    var line = Array(#"{"time":"\#(timeText)","level":"\#(level.rawValue)","message":"#.utf8)
    JSONWriter.appendQuoted(Self.cut(message), to: &line)
    let ending = Array("}\n".utf8)
    let truncation = Array(#","truncated":true"#.utf8)
    for field in fields {
      var part = [UInt8(ascii: ",")]
      JSONWriter.appendQuoted(Self.cut(field.name), to: &part)
      part.append(UInt8(ascii: ":"))
      if field.isBare {
        part += field.value.utf8
      } else {
        JSONWriter.appendQuoted(Self.cut(field.value), to: &part)
      }
      guard line.count + part.count + truncation.count + ending.count <= Self.maximumLineBytes else {
        return line + truncation + ending
      }
      line += part
    }
    return line + ending
  }

  /// `12:00:00.123 notice  claimed a shard  shard=3 epoch=7` for people, in UTC.
  public var readableLine: [UInt8] {
    let level = level.rawValue + String(repeating: " ", count: 7 - level.rawValue.count)
    var line = "\(timeText.dropFirst(11).prefix(12)) \(level) \(Self.printable(message))"
    for (index, field) in fields.enumerated() {
      line += (index == 0 ? "  " : " ") + Self.printable(field.name) + "=" + Self.printable(field.value)
    }
    return Array(line.utf8.prefix(Self.maximumLineBytes - 1)) + [UInt8(ascii: "\n")]
  }

  /// RFC 3339 in UTC with microseconds.
  private var timeText: String {
    var seconds = time_t(time / 1_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func digits(_ value: some BinaryInteger, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))T"
      + "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))."
      + "\(digits(time % 1_000_000, 6))Z"
  }

  /// Control characters, which could move a terminal's cursor or forge a line, become spaces.
  private static func printable(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in cut(text).unicodeScalars {
      shown.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return String(shown)
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > maximumTextBytes else { return text }
    return String(decoding: text.utf8.prefix(maximumTextBytes), as: UTF8.self) + "…"
  }
}
