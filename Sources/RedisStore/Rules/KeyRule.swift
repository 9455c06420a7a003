internal import Lifecycle
internal import Ports
internal import Redis
internal import Sharding

/// What a key may hold. What breaks its rule no program of ours can have written: it is damaged, counts as absent for
/// whoever reads it, and is taken away by whoever may write it.
///
/// Scripts and readers ask the same description: ``lua`` is made from it, ``accepts(_:remaining:)`` walks it.
struct KeyRule: Sendable {
  /// One field of a hash.
  struct Field: Hashable, Sendable {
    let name: String
    let form: FieldForm
    var isRequired = true

    static func optional(_ name: String, _ form: FieldForm) -> Field {
      Field(name: name, form: form, isRequired: false)
    }

    init(_ name: String, _ form: FieldForm) { self.init(name: name, form: form, isRequired: true) }

    private init(name: String, form: FieldForm, isRequired: Bool) {
      self.name = name
      self.form = form
      self.isRequired = isRequired
    }
  }

  /// What kind of value it is.
  enum Kind: Sendable {
    /// A hash with these fields among others, of which a later version may know more; at most so many in all where they are
    /// all read.
    case hash([Field], most: Int? = nil)
    /// A string of at most so many bytes.
    case string(longest: Int)
    /// A sorted set of at most so many members.
    case sortedSet(most: Int)
    /// A stream whose identifiers come from a clock.
    case stream
  }

  /// The longest life that a program of ours gives a key: the bound of `--lease`.
  static let longestLife = Duration.seconds(600)
  /// The last identifier that a clock can give, in milliseconds: thirteen digits, until the year 2286. Behind a greater one
  /// a stream may have no room left for another entry.
  static let lastMillisecond: UInt64 = 9_999_999_999_999

  let kind: Kind
  /// Whether it expires by itself, within ``longestLife``.
  let expires: Bool

  /// The names of a hash's fields, in the order of the rule.
  var names: [String] {
    guard case .hash(let fields, _) = kind else { return [] }
    return fields.map(\.name)
  }

  /// The command that reads a hash's fields in the order of ``names``; it says nothing of other fields.
  func read(_ key: String) -> RedisCommand {
    var command = RedisCommand("HMGET", key)
    for name in names { command.add(name) }
    return command
  }

  /// The fields of a hash, from replies to ``read(_:)`` and `PTTL`; nil when the key is absent or damaged.
  func accepts(_ fields: RedisValue, remaining: RedisValue) -> Record? {
    guard case .hash(let rules, _) = kind, let values = fields.array, values.count == rules.count else { return nil }
    if expires {
      let lives = 0...Self.longestLife.wholeMilliseconds
      guard case .integer(let left) = remaining, lives.contains(left) else { return nil }
    }
    var record = Record()
    for (rule, value) in zip(rules, values) {
      switch value {
      case .null where !rule.isRequired: continue
      case .bytes(let bytes) where rule.form.accepts(bytes):
        record.texts[rule.name] = String(decoding: bytes, as: UTF8.self)
      default: return nil
      }
    }
    return record
  }

  /// The fields of a record that keeps its rule.
  struct Record: Hashable, Sendable {
    fileprivate(set) var texts: [String: String] = [:]

    func text(_ name: String) -> String? { texts[name] }
    func worker(_ name: String) -> WorkerID? { texts[name].map { WorkerID(rawValue: $0) } }
    func number(_ name: String) -> Int64? { texts[name].flatMap { Int64($0) } }
    func bits(_ name: String) -> UInt64? { texts[name].flatMap { UInt64($0) } }
  }
}

// MARK: In Lua

extension KeyRule {
  /// Lua that defines `heal(key)`: takes the key away if it is damaged, and notes in `damaged` what was wrong with it.
  ///
  /// A script that begins with it ends with `return { answer, damaged }`; ``RuledScript`` reads both.
  var lua: String {
    """
    local damaged = ''

    local function is_number(text)
      return string.find(text, '^[0-9]+$') and (#text == 1 or string.sub(text, 1, 1) ~= '0')
    end

    local function fault(key)
      local kind = redis.call('TYPE', key).ok
      if kind == 'none' then return nil end
      if kind ~= '\(redisType)' then return 'it is of the type ' .. kind end
    \(expires ? Self.expiry : "")
    \(checks)
      return nil
    end

    local function heal(key)
      local found = fault(key)
      if found then
        redis.call('DEL', key)
        damaged = found
      end
    end


    """
  }

  private var redisType: String {
    switch kind {
    case .hash: return "hash"
    case .string: return "string"
    case .sortedSet: return "zset"
    case .stream: return "stream"
    }
  }

  private static let expiry = """
      local left = redis.call('PTTL', key)
      if left < 0 then return 'it does not expire' end
      if left > \(longestLife.wholeMilliseconds) then return 'it expires too late' end
    """

  /// Only commands that the user of `deploy/redis-users.acl` has had from the beginning.
  private var checks: String {
    switch kind {
    case .hash(let fields, let most):
      let names = fields.map { "'\($0.name)'" }.joined(separator: ", ")
      let count = most.map { "  if #redis.call('HGETALL', key) > 2 * \($0) then return 'it has too many fields' end" }
      let checks = fields.enumerated().map { index, field in Self.check(field, "values[\(index + 1)]") }
      return ((count.map { [$0] } ?? []) + ["  local values = redis.call('HMGET', key, \(names))"] + checks)
        .joined(separator: "\n")
    case .string(let longest): return "  if #redis.call('GET', key) > \(longest) then return 'it is too long' end"
    case .sortedSet(let most):
      return "  if redis.call('ZREVRANGE', key, \(most), \(most))[1] then return 'it has too many members' end"
    case .stream:
      return """
          local facts = redis.call('XINFO', 'STREAM', key)
          for index = 1, #facts, 2 do
            if facts[index] == 'last-generated-id' and #string.match(facts[index + 1], '^[0-9]*') > 13 then
              return 'its last entry bears a number that no clock gives'
            end
          end
        """
    }
  }

  private static func check(_ field: Field, _ value: String) -> String {
    let isFine = "#\(value) <= \(field.form.longest) and \(field.form.lua(value))"
    return field.isRequired
      ? "  if not (\(value) and \(isFine)) then return 'its \(field.name) is missing or malformed' end"
      : "  if \(value) and not (\(isFine)) then return 'its \(field.name) is malformed' end"
  }
}

extension RedisValue {
  /// Throws a refusal, unless it says that the key is of another type than it should be: such a key is damaged, and counts
  /// as absent for who only reads.
  func acceptedUnlessOfAnotherType() throws(StreamError) {
    if isOfAnotherType { return }
    if case .refusal(let refusal) = self { throw StreamError(.refused(refusal)) }
  }

  /// Whether a command was refused because its key is of another type than it should be.
  var isOfAnotherType: Bool {
    guard case .refusal(let refusal) = self else { return false }
    return refusal.code == "WRONGTYPE"
  }
}

extension WorkerID {
  /// The name in bytes from outside; nil when no worker bears such a name.
  init?(_ bytes: [UInt8]) {
    guard FieldForm.name.accepts(bytes) else { return nil }
    self.init(rawValue: String(decoding: bytes, as: UTF8.self))
  }
}
