/// One thing that is wrong.
public struct AuditViolation: Hashable, Sendable {
  /// What it is about: an order's identifier, or an account, shard or sequence by name.
  public var name: String
  /// What is wrong with it.
  public var detail: String

  /// Names a violation.
  public init(name: String, detail: String) {
    self.name = name
    self.detail = detail
  }
}

/// What one check found.
public struct AuditResult: Hashable, Sendable {
  /// The letter of the design's invariant and a number.
  public var id: String
  /// What holds when all is well.
  public var title: String
  /// How many things were looked at.
  public var checked: Int
  /// How many of them are wrong.
  public var violations: Int
  /// The first of them.
  public var samples: [AuditViolation]
  /// What the reader should know: parts that could not be checked, for example.
  public var notes: [String]

  /// A result; one without violations is good.
  public init(
    id: String, title: String, checked: Int = 0, violations: Int = 0, samples: [AuditViolation] = [],
    notes: [String] = []
  ) {
    self.id = id
    self.title = title
    self.checked = checked
    self.violations = violations
    self.samples = samples
    self.notes = notes
  }

  /// Counts a violation and keeps it when it is among the first `limit`.
  mutating func add(_ violation: @autoclosure () -> AuditViolation, limit: Int) {
    violations += 1
    if samples.count < limit { samples.append(violation()) }
  }
}

/// What an audit found: one result a check, in order.
public struct AuditReport: Hashable, Sendable {
  /// The results.
  public var results: [AuditResult]

  /// Gathers results.
  public init(results: [AuditResult]) { self.results = results }

  /// Whether every check passed.
  public var isClean: Bool { violations == 0 }

  /// All violations together.
  public var violations: Int { results.reduce(0) { $0 + $1.violations } }
}

/// How far an audit is.
public struct AuditProgress: Hashable, Sendable {
  /// The check that runs.
  public var id: String
  /// Its title.
  public var title: String
  /// Its place among the checks, from 1.
  public var place: Int
  /// How many checks there are.
  public var total: Int
  /// How many things it looks at.
  public var toCheck: Int
  /// How many it has looked at, where that is known before its end.
  public var checked: Int?
}
