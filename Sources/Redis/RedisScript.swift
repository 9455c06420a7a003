/// A Lua script that the server runs as one step. It reaches a server when it is first needed there, and again after
/// the server forgot it.
///
/// Scripts rather than function libraries: `FUNCTION LOAD` is refused by a server whose memory is full, just when a
/// script flagged `allow-oom` must run; and a script is known by its content, so that two versions of a program can
/// use one server side by side.
public final class RedisScript: Sendable {
  /// What messages call it.
  public let name: String
  /// The program, with its first line `#!lua …`.
  public let source: String

  /// Makes a script.
  public init(name: String, source: String) {
    self.name = name
    self.source = source
  }

  /// One run of a script. It touches one key, so that it can run on any node of a cluster.
  public struct Call: Sendable {
    let script: RedisScript
    let key: String
    let arguments: [String]

    /// Asks for a run.
    public init(_ script: RedisScript, key: String, _ arguments: [String]) {
      self.script = script
      self.key = key
      self.arguments = arguments
    }

    func command(digest: [UInt8]) -> RedisCommand {
      var command = RedisCommand("EVALSHA")
      command.add(digest)
      add(to: &command)
      return command
    }

    /// The run of a script that the server need not know; it does from then on.
    var commandWithSource: RedisCommand {
      var command = RedisCommand("EVAL", script.source)
      add(to: &command)
      return command
    }

    private func add(to command: inout RedisCommand) {
      command.add("1")
      command.add(key)
      for argument in arguments { command.add(argument) }
    }
  }
}
