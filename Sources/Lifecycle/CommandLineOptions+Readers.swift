/// Where an option can be set beside its flag.
package enum OptionVariable {
  /// `BUTTONWOOD_` and the option's name.
  case standard
  /// A conventional name, such as `DATABASE_URL`.
  case named(String)
  /// The flag alone: for what makes sense only in one call.
  case none

  func name(for option: String) -> String? {
    switch self {
    case .standard: CommandLineOptions.variable(for: option)
    case .named(let name): name
    case .none: nil
    }
  }
}

extension CommandLineOptions {
  /// Reads an option of any type, nil when it is not given.
  ///
  /// - Parameters:
  ///   - placeholder: what stands for the value in the help text.
  ///   - shown: the default as the help text shows it, unit included; nil when there is none.
  ///   - expected: completes the sentence "… is not …" when `parse` returns nil.
  package mutating func optional<Value>(
    _ name: String, _ placeholder: String, variable: OptionVariable = .standard, shown: String? = nil,
    expected: String, help: String, parse: (String) -> Value?
  ) -> Value? {
    let variable = variable.name(for: name)
    entries.append(.option(name, placeholder, variable: variable, default: shown, help: help))
    guard let given = take(name, environment: variable) else { return nil }
    guard let value = parse(given.text) else {
      mistakes.append("\(given.source): \"\(given.text)\" is not \(expected)")
      return nil
    }
    return value
  }

  /// Reads an option of any type that has a default.
  package mutating func value<Value>(
    _ name: String, _ placeholder: String, default standard: Value, variable: OptionVariable = .standard,
    shown: String, expected: String, help: String, parse: (String) -> Value?
  ) -> Value {
    optional(
      name, placeholder, variable: variable, shown: shown, expected: expected, help: help, parse: parse) ?? standard
  }

  /// Reads a whole number within `range`; `unit` is shown beside the default.
  package mutating func integer(
    _ name: String, _ placeholder: String = "N", default standard: Int, in range: ClosedRange<Int>, unit: String = "",
    variable: OptionVariable = .standard, help: String
  ) -> Int {
    value(
      name, placeholder, default: standard, variable: variable,
      shown: unit.isEmpty ? "\(standard)" : "\(standard) \(unit)",
      expected: Self.expectation(range), help: help
    ) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
  }

  /// Reads a whole number within `range`, nil when it is not given.
  package mutating func optionalInteger(
    _ name: String, _ placeholder: String = "N", in range: ClosedRange<Int>, variable: OptionVariable = .standard,
    help: String
  ) -> Int? {
    optional(name, placeholder, variable: variable, expected: Self.expectation(range), help: help) {
      Int($0).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  private static func expectation(_ range: ClosedRange<Int>) -> String {
    range.upperBound == .max
      ? "a whole number of at least \(range.lowerBound)"
      : "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }

  /// Reads a span of time: a whole or decimal number with its unit (`250us`, `1500ms`, `1.5s`, `10m`, `2h`, `1d`).
  package mutating func duration(
    _ name: String, _ placeholder: String = "SPAN", default standard: Duration,
    in range: ClosedRange<Duration> = .zero...(.seconds(400 * 86400)), variable: OptionVariable = .standard,
    help: String
  ) -> Duration {
    value(
      name, placeholder, default: standard, variable: variable, shown: SpanText.format(standard),
      expected: "a span of time from \(SpanText.format(range.lowerBound)) to \(SpanText.format(range.upperBound)), "
        + "such as 1500ms, 1.5s, 10m or 2h", help: help
    ) { SpanText.parse($0).flatMap { range.contains($0) ? $0 : nil } }
  }

  /// Reads a text.
  package mutating func text(
    _ name: String, _ placeholder: String, default standard: String, variable: OptionVariable = .standard, help: String
  ) -> String {
    value(
      name, placeholder, default: standard, variable: variable, shown: standard, expected: "a text", help: help
    ) { $0 }
  }

  /// Reads a text, nil when it is not given.
  package mutating func optionalText(
    _ name: String, _ placeholder: String, variable: OptionVariable = .standard, help: String
  ) -> String? {
    optional(name, placeholder, variable: variable, expected: "a text", help: help) { $0 }
  }

  /// Reads a text that must be given; empty when it is not, which ``finish()`` throws.
  package mutating func requiredText(
    _ name: String, _ placeholder: String, variable: OptionVariable = .standard, help: String
  ) -> String {
    let given = optional(name, placeholder, variable: variable, expected: "a text", help: help + " Required.") { $0 }
    guard let given else {
      let other = variable.name(for: name).map { " (or \($0))" } ?? ""
      mistakes.append("--\(name)\(other) is required")
      return ""
    }
    return given
  }

  /// Reads one of the cases of an enumeration by its raw value.
  package mutating func choice<Value: CaseIterable & RawRepresentable<String>>(
    _ name: String, default standard: Value, variable: OptionVariable = .standard, help: String
  ) -> Value {
    let words = Value.allCases.map(\.rawValue)
    return value(
      name, words.joined(separator: "|"), default: standard, variable: variable, shown: standard.rawValue,
      expected: "one of " + words.joined(separator: ", "), help: help
    ) { Value(rawValue: $0) }
  }

  /// Reads one of the cases of an enumeration, nil when it is not given.
  package mutating func optionalChoice<Value: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ type: Value.Type, variable: OptionVariable = .standard, help: String
  ) -> Value? {
    let words = Value.allCases.map(\.rawValue)
    return optional(
      name, words.joined(separator: "|"), variable: variable, expected: "one of " + words.joined(separator: ", "),
      help: help
    ) { Value(rawValue: $0) }
  }

  /// Reads a flag without a value; its variable holds 1, true, yes or on, or 0, false, no or off.
  package mutating func flag(_ name: String, variable: OptionVariable = .none, help: String) -> Bool {
    let variable = variable.name(for: name)
    entries.append(.option(name, nil, variable: variable, default: nil, help: help))
    if takeFlag(name) { return true }
    guard let given = fromEnvironment(variable) else { return false }
    switch given.text.lowercased() {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off": return false
    default:
      mistakes.append("\(given.source): \"\(given.text)\" is neither true nor false")
      return false
    }
  }

  /// Reads a secret, which no command line may show: from its variable, or from the file `--name-file` names (one line).
  package mutating func secret(_ name: String, variable: OptionVariable = .standard, help: String) -> String? {
    let file = name + "-file"
    let fileVariable = Self.variable(for: file)
    let variable = variable.name(for: name) ?? Self.variable(for: name)
    entries.append(
      .option(file, "FILE", variable: fileVariable, default: nil, help: help + " The text itself: \(variable)."))
    guard let path = take(file, environment: fileVariable) else { return fromEnvironment(variable)?.text }
    guard let content = SmallFile.text(path.text, limit: 64 * 1024) else {
      mistakes.append("\(path.source): \"\(path.text)\" cannot be read")
      return nil
    }
    let line = String(content.prefix { !$0.isNewline })
    if line.isEmpty { mistakes.append("\(path.source): \"\(path.text)\" begins with an empty line") }
    return line
  }

  /// Reads an address that may hold a password: from its flag, if it holds none, from the file that `--name-file` names (one
  /// line), or from its variable; nil when it is not given.
  ///
  /// A command line is seen by everybody on the machine. So a password in it is a mistake, and is not repeated.
  package mutating func address(
    _ name: String, variable: String, shown: String? = nil, help: String, holdsPassword: (String) -> Bool
  ) -> (text: String, source: String)? {
    let file = name + "-file"
    let fileVariable = Self.variable(for: file)
    entries.append(.option(name, "URL", variable: variable, default: shown, help: help))
    entries.append(
      .option(
        file, "FILE", variable: fileVariable, default: nil,
        help:
          "Where the URL stands, as its first line. A URL with a password comes from here or from \(variable) alone."))
    if let given = take(name, environment: nil) {
      _ = take(file, environment: nil)
      guard holdsPassword(given.text) else { return (given.text, given.source) }
      mistakes.append(
        "--\(name) must not hold a password, which everybody on this machine could see: "
          + "use the variable \(variable) or --\(file) FILE")
      return nil
    }
    guard let path = take(file, environment: fileVariable) else {
      return fromEnvironment(variable).map { ($0.text, $0.source) }
    }
    guard let content = SmallFile.text(path.text, limit: 64 * 1024) else {
      mistakes.append("\(path.source): \"\(path.text)\" cannot be read")
      return nil
    }
    let line = String(content.prefix { !$0.isNewline })
    if line.isEmpty { mistakes.append("\(path.source): \"\(path.text)\" begins with an empty line") }
    return (line, path.source)
  }

  /// Reads the next positional argument; empty when it is missing, which ``finish()`` throws.
  package mutating func argument(_ placeholder: String, help: String) -> String {
    entries.append(.argument(placeholder, help: help))
    guard let text = takeArgument() else {
      mistakes.append("\(placeholder) is missing")
      return ""
    }
    return text
  }

  /// Reads the next positional argument, nil when there is none.
  package mutating func optionalArgument(_ placeholder: String, help: String) -> String? {
    entries.append(.argument("[\(placeholder)]", help: help))
    return takeArgument()
  }

  /// Reads all remaining positional arguments, at least `minimum`.
  package mutating func arguments(_ placeholder: String, atLeast minimum: Int = 0, help: String) -> [String] {
    entries.append(.argument(minimum == 0 ? "[\(placeholder)…]" : "\(placeholder)…", help: help))
    var found: [String] = []
    while let text = takeArgument() { found.append(text) }
    if found.count < minimum { mistakes.append("\(placeholder) is missing") }
    return found
  }
}
