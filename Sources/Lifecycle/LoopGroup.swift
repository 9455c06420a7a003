/// Loops that make one service together: when one of them ends, all of them do, so that whoever runs the service sees that a part
/// of it is missing.
public enum LoopGroup {
  /// Runs loops until their task is canceled.
  public static func run(_ loops: [@Sendable () async -> Void]) async {
    await withTaskGroup(of: Void.self) { group in
      for loop in loops { group.addTask { await loop() } }
      await group.next()
      group.cancelAll()
    }
  }
}
