import Foundation
import Lifecycle
import Testing

@Suite struct TimeLimitsTests {
  @Test(arguments: TimeLimits.order.indices) func whatMustBeLongerIs(index: Int) {
    let rule = TimeLimits.order[index]
    #expect(
      rule.holds,
      "\(rule.longer.name) must be longer than \(rule.shorter.map(\.name)) together: \(rule.because)")
  }

  @Test func everyTimeOutIsInTheTableOnceAndHasAWholeNumberOfMilliseconds() {
    #expect(Set(TimeLimits.all.map { "\($0.place) \($0.name)" }).count == TimeLimits.all.count)
    for rule in TimeLimits.order { #expect(([rule.longer] + rule.shorter).allSatisfy { TimeLimits.all.contains($0) }) }
    for limit in TimeLimits.all {
      #expect(limit.value > .zero && limit.value == .milliseconds(limit.milliseconds), "\(limit.name)")
    }
  }

  /// The manual shows the very values that the programs run with.
  @Test func theManualShowsTheTable() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let manual = root.appending(path: "Sources/buttonwood/Buttonwood.docc/Operations.md")
    #expect(
      try String(contentsOf: manual, encoding: .utf8).contains(TimeLimits.table),
      "Operations.md must contain this table:\n\(TimeLimits.table)")
  }
}
