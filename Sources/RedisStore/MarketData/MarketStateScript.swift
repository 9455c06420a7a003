internal import Market
internal import Redis

/// The latest state of an instrument: a hash with the fields `seq`, `at`, `crc`, `quote`, and one for each level, `b` or `a` with
/// the price, whose value is the shares there.
enum MarketStateScript {
  /// Fields and values of a state without levels.
  private static let fieldCount = 8

  /// Changes follow only the state that they begin with; a whole book replaces whatever is there, one without levels only what
  /// is there. One step on the server, so that a reader never sees half of it. Answers 0 when the state is another.
  ///
  /// Flagged `allow-oom`: a full server must be able to forget levels.
  private static let script = RuledScript(
    name: "market-state", rule: .marketState,
    """
    local state, previous, gone = KEYS[1], ARGV[1], tonumber(ARGV[2])
    if previous == '' and #ARGV == \(2 + fieldCount) and redis.call('EXISTS', state) == 0 then return { 1, damaged } end
    if previous == '' then
      redis.call('DEL', state)
    elseif redis.call('HGET', state, 'seq') ~= previous then
      return { 0, damaged }
    end
    for first = 3, gone + 2, 1000 do
      redis.call('HDEL', state, unpack(ARGV, first, math.min(first + 999, gone + 2)))
    end
    for first = gone + 3, #ARGV, 1000 do
      redis.call('HSET', state, unpack(ARGV, first, math.min(first + 999, #ARGV)))
    end
    return { 1, damaged }
    """)

  /// Takes a state away that is damaged.
  private static let tend = RuledScript(name: "tend-state", rule: .marketState, "return { 1, damaged }")

  /// Takes a state away that is not whole: one with this number whose levels are not those of its checksum.
  private static let discard = RuledScript(
    name: "discard-state", rule: .marketState,
    """
    local state, seq = KEYS[1], ARGV[1]
    if redis.call('HGET', state, 'seq') ~= seq then return { 0, damaged } end
    redis.call('DEL', state)
    return { 1, 'its levels are not those of its checksum' }
    """)

  static func tend(_ key: String) -> RuledScript.Call { tend.call(key) }

  static func discard(_ key: String, sequence: String) -> RuledScript.Call { discard.call(key, [sequence]) }

  static func call(_ update: MarketUpdate, key: String) -> RuledScript.Call {
    var gone: [String] = []
    var values = [
      "seq", update.sequence.description, "at", String(update.at.rawValue), "crc", String(update.checksum), "quote",
      text { MarketText.write(update.quote, to: &$0) },
    ]
    for change in update.changes {
      let field = (change.side == .buy ? "b" : "a") + change.level.price.description
      if change.level.size > .zero {
        values += [field, change.level.size.description]
      } else {
        gone.append(field)
      }
    }
    return script.call(
      key, [update.previous?.description ?? "", String(gone.count)] + gone + values)
  }

  /// The book in a hash's fields and values; nil when there is none.
  static func depth(_ reply: RedisValue) -> MarketDepth? {
    guard let fields = reply.array, let sequence = number(reply["seq"], .count), let at = number(reply["at"], .large),
      let checksum = number(reply["crc"], .number(digits: 10))
    else { return nil }
    var sides: [Side: [PriceLevelView]] = [.buy: [], .sell: []]
    for index in stride(from: 0, to: fields.count - 1, by: 2) {
      guard let name = fields[index].text, let size = number(fields[index + 1], .count), size > 0 else { continue }
      let side: Side? = name.hasPrefix("b") ? .buy : name.hasPrefix("a") && name != "at" ? .sell : nil
      guard let side, let price = Price(name.dropFirst()), MarketText.prices.contains(price.rawValue) else { continue }
      sides[side]!.append(PriceLevelView(price: price, size: Quantity(rawValue: size)))
    }
    let depth = MarketDepth(
      sequence: Sequence(rawValue: sequence), at: Timestamp(rawValue: at),
      bids: sides[.buy]!.sorted { $0.price > $1.price }, asks: sides[.sell]!.sorted { $0.price < $1.price })
    return Int64(depth.checksum) == checksum ? depth : nil
  }

  private static func number(_ value: RedisValue?, _ form: FieldForm) -> Int64? {
    value?.bytes.flatMap { form.accepts($0) ? Int64(String(decoding: $0, as: UTF8.self)) : nil }
  }

  private static func text(_ write: (inout [UInt8]) -> Void) -> String {
    var bytes: [UInt8] = []
    write(&bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
