import Lifecycle
import Testing

@Suite struct LoopGroupTests {
  @Test func whenOneLoopEndsAllDo() async {
    let (goesOn, isOver) = (Signal(), Lock(false))
    await LoopGroup.run([
      { await goesOn.wait() },
      {
        await Signal().wait()
        isOver.withLock { $0 = Task.isCancelled }
      },
      { goesOn.give() },
    ])
    #expect(isOver.withLock { $0 })
  }

  @Test func cancelledAllEnd() async {
    let begun = Signal()
    let task = Task {
      await LoopGroup.run([
        { await Signal().wait() },
        {
          begun.give()
          await Signal().wait()
        },
      ])
    }
    await begun.wait()
    task.cancel()
    await task.value
  }
}
