internal import Lifecycle

/// `buttonwood-lab replay`: from the command line to the closing table.
package enum ReplayCommand {
  /// Runs the command and returns its exit status.
  package static func run(_ arguments: [String]) async -> Int32 {
    let options: ReplayOptions
    do { options = try ReplayOptions(arguments) } catch { return error.report() }
    Interrupt.watch()
    do throws(ReplayError) {
      let report = try await report(options, progress: ProgressBar("replay"))
      if let failure = report.result.failure { complain("\(failure)") }
      Console.write(options.printsJSON ? report.json.text + "\n" : report.text)
      return report.isSound ? 0 : 1
    } catch {
      complain(error.text)
      return 1
    }
  }

  /// Replays as the options say.
  ///
  /// - Parameter isStopRequested: asked often; true ends the replay early.
  /// - Throws: what keeps it from beginning.
  package static func report(
    _ options: ReplayOptions, progress: ProgressBar?,
    isStopRequested: @escaping @Sendable () -> Bool = { Interrupt.isRequested }
  ) async throws(ReplayError) -> ReplayReport {
    let session = try await ReplaySession(options)
    defer { session.end() }
    if !session.marketIsOpen { complain("warning: the market is closed") }
    if options.clearsFirst { try await session.clear() }
    let result = await session.replay(progress: progress, isStopRequested: isStopRequested)
    var fills: FillSummary?
    do throws(ReplayError) { fills = try await session.fills() } catch {
      complain("the orders cannot be listed: \(error.text)")
    }
    return ReplayReport(
      title: "\(options.file) as \(options.symbol)", result: result, fills: fills,
      comparison: options.checks ? fills?.compared(with: result.expectedFills) : nil)
  }

  private static func complain(_ text: String) { Console.write("buttonwood-lab replay: \(text)\n", to: .error) }
}
