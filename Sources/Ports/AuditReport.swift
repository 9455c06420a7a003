/// Checks every invariant of the exchange on the ledger, live or not, in one consistent snapshot that locks nothing.
package protocol InvariantAudit: Sendable {
  /// Runs all checks.
  /// - Parameters:
  ///   - replay: Whether the logs are matched again and compared with what was recorded.
  ///   - samples: Violations kept per check; all are counted.
  ///   - report: Hears how far it is; must not block.
  /// - Throws: When the ledger is away or has another schema. What is wrong inside it is no error.
  func run(replay: Bool, samples: Int, report: @escaping @Sendable (AuditProgress) -> Void)
    async throws(AdministrationError) -> AuditReport
}

/// One thing that is wrong.
package struct AuditViolation: Hashable, Sendable {
  /// What it is about: an order's identifier, or an account, shard or sequence by name.
  package var name: String
  /// What is wrong with it.
  package var detail: String

  /// Names a violation.
  package init(name: String, detail: String) {
    self.name = name
    self.detail = detail
  }
}

/// What one check found.
package struct AuditResult: Hashable, Sendable {
  /// The letter of the design's invariant and a number.
  package var id: String
  /// What holds when all is well.
  package var title: String
  /// How many things were looked at.
  package var checked: Int
  /// How many of them are wrong.
  package var violations: Int
  /// The first of them.
  package var samples: [AuditViolation]
  /// What the reader should know: parts that could not be checked, for example.
  package var notes: [String]

  /// A result; one without violations is good.
  package init(
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
  package mutating func add(_ violation: @autoclosure () -> AuditViolation, limit: Int) {
    violations += 1
    if samples.count < limit { samples.append(violation()) }
  }
}

/// What an audit found: one result a check, in order.
package struct AuditReport: Hashable, Sendable {
  /// The results.
  package var results: [AuditResult]

  /// Gathers results.
  package init(results: [AuditResult]) { self.results = results }

  /// Whether every check passed.
  package var isClean: Bool { violations == 0 }

  /// All violations together.
  package var violations: Int { results.reduce(0) { $0 + $1.violations } }
}

/// How far an audit is.
package struct AuditProgress: Hashable, Sendable {
  /// The check that runs.
  package var id: String
  /// Its title.
  package var title: String
  /// Its place among the checks, from 1.
  package var place: Int
  /// How many checks there are.
  package var total: Int
  /// How many things it looks at.
  package var toCheck: Int
  /// How many it has looked at, where that is known before its end.
  package var checked: Int?

  /// Tells how far it is.
  package init(id: String, title: String, place: Int, total: Int, toCheck: Int, checked: Int? = nil) {
    self.id = id
    self.title = title
    self.place = place
    self.total = total
    self.toCheck = toCheck
    self.checked = checked
  }
}
