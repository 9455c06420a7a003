import Glibc
import Lifecycle
import Simulation

/// `simulate`: the whole exchange on one thread, by a virtual clock, under the faults that seeds draw.
enum SimulateCommand {
  private struct Plan {
    var first: Int
    var schedules: Int
    var missing: Guard?
    var traces: Bool
    var repeats: Bool
  }

  /// So many schedules must come to everything.
  private static let manySchedules = 2_000
  /// For fewer it is not told what they have not come to.
  private static let someSchedules = 100

  /// Runs schedules; returns 1 when one of them shows a fault.
  ///
  /// It takes the process's tasks and clocks over, so it must be called before the first task.
  static func run(_ arguments: [String]) -> Int32 {
    var line = CommandLineOptions(
      "buttonwood-lab simulate",
      """
      Runs gateways' desks, workers, leaders and the market's clock over stores in memory, on one thread and by a virtual \
      clock: requests of every kind, crashes, pauses, lost answers, wipes, fail-overs, restored backups and forged entries, \
      as a seed draws them. What is committed is checked behind every transaction; when the faults are over, everything must \
      settle within a bound.

      The same seed gives the same schedule, so a seed that fails is a test: --seed N --trace tells what happened.
      """, arguments)
    let seed = line.integer("seed", default: 1, in: 0...Int(Int32.max), help: "The first schedule's seed.")
    let schedules = line.integer("schedules", default: 1, in: 1...1_000_000_000, help: "How many seeds from there on.")
    let traces = line.flag("trace", help: "Tells what happens, with the virtual time.")
    let repeats = line.flag("repeat", help: "Runs every schedule twice, and compares.")
    let missing = line.optionalChoice(
      "without", Guard.self, help: "A check that the stores leave out: some seed must show it.")
    let mutations = line.flag("mutations", help: "Leaves out one check after the other, each until a seed shows it.")
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    repeatably()
    VirtualTime.install()
    if mutations { return tableOfMutations(from: seed, schedules) }
    return run(Plan(first: seed, schedules: schedules, missing: missing, traces: traces, repeats: repeats))
  }

  private static func run(_ plan: Plan) -> Int32 {
    var (failed, steps, answered) = (0, 0, 0)
    var marks: [String: Int] = [:]
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    let begun = VirtualTime.machineNanoseconds
    var shown = begun
    for seed in plan.first..<plan.first + plan.schedules {
      var result = Simulation.run(seed: UInt64(seed), without: plan.missing, isTraced: plan.traces)
      if plan.repeats {
        let again = Simulation.run(seed: UInt64(seed), without: plan.missing)
        if again.digest != result.digest { result.faults.append("it went another way the second time") }
      }
      steps += result.steps
      answered += result.answered
      for (name, _) in result.marks { marks[name, default: 0] += 1 }
      digest = (digest ^ result.digest) &* 0x100_0000_01B3
      for line in result.trace { Console.write(line + "\n") }
      if !result.faults.isEmpty {
        failed += 1
        Console.write("seed \(seed): \(result.faults[0])\n")
        for fault in result.faults.dropFirst().prefix(4) { Console.write("  \(fault)\n") }
        if result.faults.count > 5 { Console.write("  and \(result.faults.count - 5) more\n") }
      }
      let now = VirtualTime.machineNanoseconds
      if now - shown > 10_000_000_000 {
        shown = now
        Console.write("… \(seed - plan.first + 1) of \(plan.schedules) schedules, \(failed) failed\n")
      }
    }
    let milliseconds = max(1, (VirtualTime.machineNanoseconds - begun) / 1_000_000)
    Console.write("reached, in so many schedules:\n")
    var table = TextTable([.left("mark"), .right("schedules")])
    for (name, count) in marks.sorted(by: { $0.key < $1.key }) { table.add([name, "\(count)"]) }
    Console.write(table.text)
    Console.write(
      "\(plan.schedules) schedules from seed \(plan.first): \(failed) failed, \(answered) orders answered, \(steps) steps, "
        + "\(milliseconds) ms, \(Int64(plan.schedules) * 1_000 / milliseconds) a second, digest "
        + "\(String(digest, radix: 16))\n")
    // Few schedules need not come to everything; whoever runs many in several processes looks at what all of them missed.
    let missed = Simulation.marks.filter { marks[$0] == nil }
    if plan.schedules >= Self.someSchedules {
      for name in missed { Console.write("never reached: \(name)\n") }
    }
    return failed == 0 && (missed.isEmpty || plan.schedules < Self.manySchedules) ? 0 : 1
  }

  private static func tableOfMutations(from first: Int, _ limit: Int) -> Int32 {
    var table = TextTable([.left("without"), .right("seeds until it shows"), .left("what shows, or why nothing does")])
    var missed = 0
    for guarded in Guard.allCases {
      // What another check stands behind is looked at, but not for long.
      let limit = guarded.backup == nil ? limit : max(1, limit / 10)
      var row = [guarded.rawValue, "more than \(limit)", ""]
      for seed in first..<first + limit {
        let result = Simulation.run(seed: UInt64(seed), without: guarded)
        guard let fault = result.faults.first else { continue }
        row = [guarded.rawValue, "\(seed - first + 1)", String(fault.prefix(90))]
        break
      }
      if row[2].isEmpty {
        row[2] = guarded.backup ?? "it must show"
        if guarded.backup == nil { missed += 1 }
      }
      table.add(row)
    }
    Console.write(table.text)
    return missed == 0 ? 0 : 1
  }

  /// Starts the program again with the hash tables' order fixed, unless it is: it must not differ from run to run.
  private static func repeatably() {
    guard ProcessEnvironment.current()["SWIFT_DETERMINISTIC_HASHING"] == nil else { return }
    setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    var words = CommandLine.arguments.map { strdup($0) }
    words.append(nil)
    execv("/proc/self/exe", words)
    Console.write("buttonwood-lab simulate: the program cannot be started again, so that runs may differ\n")
  }
}
