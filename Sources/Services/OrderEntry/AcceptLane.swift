internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports

/// Accepts requests of some shards, one transaction after the other: whatever gathered while the last one committed goes
/// into the next. So batches grow with the load and nobody waits for a timer.
actor AcceptLane {
  private let ledger: any EntryLedger
  private let settings: OrderDeskSettings
  private let publish: @Sendable ([LogEntry]) async -> Void
  private let now: @Sendable () -> Timestamp
  private var waiting: [(request: EntryRequest, reply: CheckedContinuation<DeskReply, Never>)] = []
  private var isWorking = false

  init(
    ledger: any EntryLedger, settings: OrderDeskSettings, now: @escaping @Sendable () -> Timestamp,
    publish: @escaping @Sendable ([LogEntry]) async -> Void
  ) {
    self.ledger = ledger
    self.settings = settings
    self.now = now
    self.publish = publish
  }

  func submit(_ request: EntryRequest) async -> DeskReply {
    guard waiting.count < settings.queueLimit else { return .busy(retryAfterSeconds: 1) }
    return await withCheckedContinuation { reply in
      waiting.append((request, reply))
      guard !isWorking else { return }
      isWorking = true
      Task { await work() }
    }
  }

  private func work() async {
    while !waiting.isEmpty {
      let batch = Array(waiting.prefix(settings.batchLimit))
      waiting.removeFirst(batch.count)
      var replies: [DeskReply]
      var entries: [LogEntry] = []
      do {
        let accepted = try await ledger.accept(batch.map(\.request), now: now())
        KillPoint.reach("accept.committed")
        replies = accepted.answers.map { .answered($0) }
        entries = accepted.entries
      } catch .outcomeUnknown {
        replies = Array(repeating: .outcomeUnknown, count: batch.count)
      } catch {
        replies = Array(repeating: .unavailable, count: batch.count)
      }
      for (waiter, reply) in zip(batch, replies) { waiter.reply.resume(returning: reply) }
      KillPoint.reach("accept.answered")
      if !entries.isEmpty { await publish(entries) }
    }
    isWorking = false
  }
}
