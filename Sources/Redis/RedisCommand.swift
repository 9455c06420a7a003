/// A command with its arguments: any bytes, kept in one piece.
public struct RedisCommand: Hashable, Sendable {
  /// All arguments, one behind the other.
  private(set) var bytes: [UInt8] = []
  /// Where each argument ends.
  private(set) var ends: [Int] = []
  /// A key on whose node a command without keys is meant to run.
  private(set) var nearKey: String?

  /// Makes a command from its name and first arguments.
  public init(_ name: String, _ arguments: String...) {
    ends.reserveCapacity(arguments.count + 8)
    add(name)
    for argument in arguments { add(argument) }
  }

  /// Makes a command that begins like another and will grow by about so many bytes.
  public init(beginning: RedisCommand, growingBy bytes: Int) {
    self.bytes.reserveCapacity(beginning.bytes.count + bytes)
    self.bytes += beginning.bytes
    ends.reserveCapacity(beginning.ends.count + 8)
    ends += beginning.ends
  }

  /// Adds a text.
  public mutating func add(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    ends.append(bytes.count)
  }

  /// Adds bytes.
  public mutating func add(_ argument: [UInt8]) {
    bytes.append(contentsOf: argument)
    ends.append(bytes.count)
  }

  /// Adds a whole number in decimal.
  public mutating func add(_ number: some BinaryInteger) { add(String(number)) }

  /// Adds the bytes that `write` appends: saves building them elsewhere first.
  public mutating func add(writing write: (inout [UInt8]) -> Void) {
    write(&bytes)
    ends.append(bytes.count)
  }

  /// The command for the node of a cluster that has `key`: for those that name no key themselves, such as `CLIENT LIST`.
  public func near(_ key: String) -> RedisCommand {
    var command = self
    command.nearKey = key
    return command
  }
}
