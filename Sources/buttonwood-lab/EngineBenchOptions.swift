extension EngineBench {
  /// What `bench engine` is asked for.
  struct Options {
    private(set) var files: [String] = []
    private(set) var json = false
    private(set) var commands = 1_010_000
    private(set) var symbols = 1
    private(set) var seed: UInt64 = 1
    private(set) var batch = 1024

    /// Reads the arguments; nil when help is asked for.
    init?(_ arguments: [String]) throws(UsageError) {
      var rest = arguments[...]
      while let argument = rest.popFirst() {
        switch argument {
        case "--help", "-h": return nil
        case "--json": json = true
        case "--commands": commands = Int(try Options.number(argument, &rest, 0...1_000_000_000))
        case "--symbols": symbols = Int(try Options.number(argument, &rest, 1...65_536))
        case "--seed": seed = try Options.number(argument, &rest, 0...UInt64.max)
        case "--batch": batch = Int(try Options.number(argument, &rest, 1...1_000_000))
        case _ where argument.hasPrefix("-"): throw UsageError("there is no option \(argument)")
        default: files.append(argument)
        }
      }
    }

    private static func number(
      _ option: String, _ rest: inout ArraySlice<String>, _ range: ClosedRange<UInt64>
    ) throws(UsageError) -> UInt64 {
      guard let text = rest.popFirst(), let number = UInt64(text), range.contains(number) else {
        throw UsageError("\(option) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
  }

  /// Arguments that make no sense.
  struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
