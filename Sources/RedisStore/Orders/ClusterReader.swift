internal import Lifecycle
internal import Market
internal import Ports
internal import Redis

/// Reads the shards' streams of a cluster.
///
/// A read that waits may name the streams of one slot only, and holds its connection: so each shard has a reader of its
/// own. They wait side by side and go on waiting from one call to the next; a call takes what has come.
///
/// A shard whose node is away costs the others nothing. That it fails is told once, and again when every shard does:
/// its owner finds its rows in the log meanwhile.
actor ClusterReader: EntryReader {
  /// How long a shard's reader waits before it is asked anew. It looks up every 140 ms whether it is still wanted.
  private static let patience = Duration.seconds(10)
  /// Longest pause of a shard's reader after a failure.
  private static let rest = Duration.milliseconds(500)

  private let makeReader: @Sendable () -> StreamReader
  private var nodes: [Shard: NodeReader] = [:]
  private var waiter: CheckedContinuation<Void, Never>?

  /// Makes a reader; `makeReader` makes one for a shard.
  init(_ makeReader: @escaping @Sendable () -> StreamReader) { self.makeReader = makeReader }

  isolated deinit { for node in nodes.values { node.task?.cancel() } }

  func read(
    after positions: [Shard: StreamPosition?], limit: Int, wait: Duration
  ) async throws(StreamError) -> [StreamEntry] {
    leave(except: positions)
    var begun: [NodeReader] = []
    for (shard, position) in positions {
      let node = node(of: shard, at: position)
      guard node.task == nil else { continue }
      begin(node, shard, at: position, limit: limit, wait: wait > .zero ? Self.patience : .zero)
      begun.append(node)
    }
    let deadline = HostClock.monotonicNanoseconds() + wait.wholeNanoseconds
    while true {
      let isOver = HostClock.monotonicNanoseconds() >= deadline || Task.isCancelled
      let found = try take(positions, isOver: isOver)
      // Who does not want to wait gets what is there all the same: from those that have just begun, and do not wait.
      let isAnswered = wait > .zero || begun.allSatisfy { $0.task == nil || $0.isResting }
      if !found.isEmpty || isOver && isAnswered { return found }
      await somethingNew(before: wait > .zero ? deadline : nil)
    }
  }

  func rest(atMost wait: Duration) async { try? await Task.sleep(for: min(wait, .milliseconds(20))) }

  /// What has come, without what was read from where nobody stands any more.
  private func take(_ positions: [Shard: StreamPosition?], isOver: Bool) throws(StreamError) -> [StreamEntry] {
    var found: [StreamEntry] = []
    for (shard, node) in nodes {
      if positions[shard] == .some(node.start) { found += node.entries }
      node.entries = []
    }
    guard found.isEmpty else { return found }
    let news = nodes.values.first { $0.failure != nil && !$0.isFailureReported }
    for node in nodes.values where node.failure != nil { node.isFailureReported = true }
    if let failure = news?.failure { throw failure }
    if isOver, let failure = nodes.values.first?.failure, nodes.values.allSatisfy({ $0.failure != nil }) {
      throw failure
    }
    return []
  }

  /// Waits until a shard's reader has come back, or the deadline passes, or the task is canceled.
  private func somethingNew(before deadline: Int64?) async {
    let timer = deadline.map { deadline in
      Task {
        // Canceled, it must not wake who waits next.
        let isDue: Void? = try? await Task.sleep(
          for: .nanoseconds(max(0, deadline - HostClock.monotonicNanoseconds())))
        if isDue != nil { wake() }
      }
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { continuation.resume() } else { waiter = continuation }
      }
    } onCancel: {
      Task { await self.wake() }
    }
    timer?.cancel()
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  // MARK: One shard

  /// A shard's reader and what it brought.
  private final class NodeReader {
    let reader: StreamReader
    /// The read under way.
    var task: Task<Void, Never>?
    /// Where it began.
    var start: StreamPosition?
    var entries: [StreamEntry] = []
    var failure: StreamError?
    var isFailureReported = false
    var isResting = false

    init(_ reader: StreamReader) { self.reader = reader }
  }

  /// The lane of a shard; a new one in place of one that waits for something else.
  private func node(of shard: Shard, at position: StreamPosition?) -> NodeReader {
    if let node = nodes[shard] {
      if node.task == nil || node.start == position || node.isResting { return node }
      node.task?.cancel()
    }
    let node = NodeReader(makeReader())
    nodes[shard] = node
    return node
  }

  private func leave(except positions: [Shard: StreamPosition?]) {
    for (shard, node) in nodes where positions[shard] == nil {
      node.task?.cancel()
      nodes[shard] = nil
    }
  }

  private func begin(_ node: NodeReader, _ shard: Shard, at position: StreamPosition?, limit: Int, wait: Duration) {
    node.start = position
    node.task = Task { [weak self, reader = node.reader] in
      do throws(StreamError) {
        let entries = try await reader.read(after: [shard: position], limit: limit, wait: wait)
        await self?.came(entries, of: shard, by: reader)
      } catch {
        await self?.failed(error, of: shard, by: reader)
        await reader.rest(atMost: Self.rest)
        await self?.rested(shard, reader)
      }
    }
  }

  private func came(_ entries: [StreamEntry], of shard: Shard, by reader: StreamReader) {
    guard let node = nodes[shard], node.reader === reader else { return }
    node.task = nil
    node.entries = entries
    node.failure = nil
    node.isFailureReported = false
    wake()
  }

  private func failed(_ error: StreamError, of shard: Shard, by reader: StreamReader) {
    guard let node = nodes[shard], node.reader === reader else { return }
    node.failure = error
    node.isResting = true
    wake()
  }

  private func rested(_ shard: Shard, _ reader: StreamReader) {
    guard let node = nodes[shard], node.reader === reader else { return }
    node.task = nil
    node.isResting = false
    wake()
  }
}
