internal import Lifecycle

/// Writes structured messages: `log.info("claimed a shard", ["shard": 3, "epoch": 7])`.
///
/// A value that is cheap to copy and to pass on. Fields whose name speaks of a secret, and passwords in URLs, are hidden.
public struct Log: Sendable {
  /// The fields of a message, in order: anything that describes itself; what reads as a whole number is logged as one.
  public typealias Fields = KeyValuePairs<String, any CustomStringConvertible>

  /// Messages below this level are dropped before their fields are looked at.
  public var minimum: LogLevel
  private var fixed: [LogField]
  private let write: @Sendable (LogRecord) -> Void

  /// Makes a log.
  /// - Parameters:
  ///   - minimum: The least level that is written.
  ///   - fields: Fields that stand in every message.
  ///   - write: Takes one message; called on the caller's thread, so it must not block long.
  public init(minimum: LogLevel = .info, fields: Fields = [:], write: @escaping @Sendable (LogRecord) -> Void) {
    self.minimum = minimum
    self.fixed = fields.map(LogField.init)
    self.write = write
  }

  /// A log that drops everything.
  public static let silent = Log(minimum: .error) { _ in }

  /// A log to standard error: readable when it is a terminal, else one JSON object a line.
  public static func standardError(minimum: LogLevel = .info, fields: Fields = [:]) -> Log {
    let isReadable = Console.Stream.error.isTerminal
    let sink = LogSink(descriptor: Console.Stream.error.rawValue)
    return Log(minimum: minimum, fields: fields) { record in
      sink.write(isReadable ? record.readableLine : record.jsonLine)
    }
  }

  /// The same log with more fields in every message.
  public func with(_ fields: Fields) -> Log {
    var log = self
    log.fixed += fields.map(LogField.init)
    return log
  }

  /// For finding faults.
  public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    log(.debug, message(), fields())
  }
  /// What is done.
  public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    log(.info, message(), fields())
  }
  /// What an operator wants to know.
  public func notice(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    log(.notice, message(), fields())
  }
  /// Something is wrong and is being dealt with.
  public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    log(.warning, message(), fields())
  }
  /// Something is wrong and someone must look.
  public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    log(.error, message(), fields())
  }

  /// Writes a message of any level.
  public func log(_ level: LogLevel, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    guard level >= minimum else { return }
    write(
      LogRecord(
        time: HostClock.microsecondsSinceEpoch(), level: level, message: message(),
        fields: fixed + fields().map(LogField.init)))
  }
}
