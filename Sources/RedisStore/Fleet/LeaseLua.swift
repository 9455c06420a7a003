internal import Redis

/// What the scripts of both kinds of leases share: a shard's and the leader's. Both are hashes that name their holder, the
/// number of its claim (`nonce`), a counter that each renewal moves, and a rank that decides between two who both hold it.
///
/// `since` is for people; no decision reads a clock but the expiry itself.
struct LeaseLua {
  static let shard = LeaseLua(holder: "owner", rank: "epoch")
  static let leader = LeaseLua(holder: "worker", rank: "term")

  /// The field that names the holder.
  private let holder: String
  /// The field of the rank.
  private let rank: String

  private init(holder: String, rank: String) {
    self.holder = holder
    self.rank = rank
  }

  /// Lua for the server's clock in milliseconds since 1970; `time` holds the answer of `TIME`.
  static let milliseconds = "string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))"

  /// Defines who calls (`name`, `nonce`) and what can be done with the lease. `put` takes further fields with their values.
  var prelude: String {
    """
    local key, name, nonce = KEYS[1], ARGV[1], ARGV[2]

    local function held_by()
      local fields = redis.call('HMGET', key, '\(holder)', 'nonce', 'counter', '\(rank)')
      if not fields[1] then return nil end
      return { name = fields[1], nonce = fields[2], counter = tonumber(fields[3]), rank = tonumber(fields[4]) }
    end

    local function is_mine(held) return held.name == name and held.nonce == nonce end

    local function put(name, nonce, rank, ...)
      local time = redis.call('TIME')
      redis.call('DEL', key)
      redis.call('HSET', key, '\(holder)', name, 'nonce', nonce, 'counter', 1, '\(rank)', rank,
        'since', \(Self.milliseconds), ...)
    end


    """
  }

  /// Takes the lease when it is free, or as it was seen: held under the claim and the counter that the caller names.
  /// - Parameter fields: Lua for further fields of a new lease, each with a comma before it.
  func take(_ fields: String = "") -> String {
    prelude + """
      local lifetime, seen_nonce, seen_counter = ARGV[3], ARGV[4], ARGV[5]
      local held = held_by()
      local is_as_seen = held and held.nonce == seen_nonce and held.counter == tonumber(seen_counter)
      if held and not is_mine(held) and not is_as_seen then return { 0, damaged } end
      if not held or not is_mine(held) then put(name, nonce, 0\(fields)) end
      redis.call('PEXPIRE', key, lifetime)
      return { 1, damaged }
      """
  }

  /// Extends the lease. One that a wipe lost is written again; of two that both hold it, the one of the higher rank does.
  /// - Parameter fields: Lua for further fields and what they are now, each with a comma before it.
  func extend(_ fields: String = "") -> String {
    prelude + """
      local lifetime, rank = ARGV[3], ARGV[4]
      local held = held_by()
      if held and not is_mine(held) and held.rank >= tonumber(rank) then return { 0, damaged } end
      if held and is_mine(held) then
        redis.call('HSET', key, '\(rank)', rank\(fields))
        redis.call('HINCRBY', key, 'counter', 1)
      else
        put(name, nonce, rank\(fields))
      end
      redis.call('PEXPIRE', key, lifetime)
      return { 1, damaged }
      """
  }

  /// Gives a lease up that is held under the claim `ARGV[1]`, and leaves whatever else the key holds.
  /// - Parameter otherwise: Lua for a lease of another claim.
  static func release(name: String, otherwise: String = "") -> RedisScript {
    RedisScript(
      name: name,
      source: """
        #!lua flags=allow-oom
        if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
        if redis.call('HGET', KEYS[1], 'nonce') == ARGV[1] then
          redis.call('DEL', KEYS[1])
          return 1
        end
        \(otherwise)
        return 0
        """)
  }
}
