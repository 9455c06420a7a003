public import Market

/// Tells whether a ledger has a schema that the program works with.
package protocol SchemaReader: Sendable {
  /// Compares the schema with the program's.
  func schema() async throws(StoreError) -> SchemaState
}

/// Tells what a ledger knows of the exchange's health beyond its shards.
public protocol HealthReader: Sendable {
  /// Reads it. A schema that is missing or another is part of the answer; then the rest may be unknown.
  func health() async throws(StoreError) -> DatabaseHealth
}

/// What a ledger knows of the exchange's health.
public struct DatabaseHealth: Hashable, Sendable {
  /// An instrument that an operator has halted.
  public struct Halt: Hashable, Sendable {
    /// Its symbol.
    public var symbol: String
    /// What the operator gave as reason.
    public var reason: String
    /// Since when; nil when that is not known.
    public var since: Timestamp?

    /// Describes a halt.
    public init(symbol: String, reason: String, since: Timestamp?) {
      self.symbol = symbol
      self.reason = reason
      self.since = since
    }
  }

  /// Standbys that commits wait for.
  public struct Standbys: Hashable, Sendable {
    /// How many a commit waits for.
    public var needed: Int
    /// How many follow.
    public var following: Int

    /// Describes them.
    public init(needed: Int, following: Int) {
      self.needed = needed
      self.following = following
    }
  }

  /// Whether the schema is the program's.
  public var schema: SchemaState
  /// The moment by the database's clock.
  public var now: Timestamp?
  /// Instruments that operators have halted, the longest halted first; a bounded number.
  public var halts: [Halt] = []
  /// Nil when commits wait for none, or when the role may not see who follows.
  public var standbys: Standbys?
  /// How many of the days after today have their tables; nil when that is not known.
  public var daysAhead: Int?

  /// Makes an answer of which only the schema is known.
  public init(schema: SchemaState, now: Timestamp? = nil) {
    self.schema = schema
    self.now = now
  }
}

/// How a database's schema stands to a program's.
public enum SchemaState: Hashable, Sendable {
  /// It has just the steps that the program knows.
  case current
  /// There is none.
  case missing
  /// It lacks steps that the program needs.
  case behind(steps: [String])
  /// It has steps that the program does not know: a later program has brought it further.
  case ahead(versions: [Int32])

  /// Compares the steps that a database has with those that a program knows.
  public init(applied: some Swift.Sequence<Int32>, known: [(version: Int32, name: String)]) {
    let applied = Set(applied)
    let lacking = known.filter { !applied.contains($0.version) }
    let later = applied.subtracting(known.map(\.version)).sorted()
    if applied.isEmpty {
      self = .missing
    } else if !lacking.isEmpty {
      self = .behind(steps: lacking.map(\.name))
    } else {
      self = later.isEmpty ? .current : .ahead(versions: later)
    }
  }

  /// Whether a program can work with it. A later schema serves programs of the version before.
  public var isUsable: Bool {
    switch self {
    case .current, .ahead: true
    case .missing, .behind: false
    }
  }

  /// What is wrong and what to do, in a sentence; nil when nothing is.
  public var complaint: String? {
    switch self {
    case .current: nil
    case .missing: "the database has no schema; run \"buttonwood migrate\""
    case .behind(let steps):
      "the database's schema lacks \(steps.joined(separator: ", ")); run \"buttonwood migrate\" of this version"
    case .ahead(let versions):
      "the database's schema is newer than this program (version \(versions.last.map(String.init) ?? "unknown")); "
        + "bring the program up to date"
    }
  }
}
