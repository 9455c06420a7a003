internal import Market
internal import Ports
internal import Redis

/// Drops what is settled from a stream and moves the mirror group behind it, in one step.
enum TrimScript {
  /// The group's count of entries read is set to what the stream has ever taken less what it still holds, so that
  /// `XINFO GROUPS` shows as lag exactly what is not yet trimmed, whatever order calls come in.
  ///
  /// A position beyond the stream's last id comes from before a wipe: the stream then holds nothing that is known to be
  /// settled. Flagged `allow-oom`: a full server must be able to make room.
  static let script = RedisScript(
    name: "trim",
    source: """
      #!lua flags=allow-oom
      local stream, group = KEYS[1], ARGV[1]
      local settled, next = ARGV[2], ARGV[3]

      local function state()
        local info, state = redis.call('XINFO', 'STREAM', stream), {}
        for i = 1, #info, 2 do state[info[i]] = info[i + 1] end
        return state
      end

      local function is_before(a, b)
        local am, ac = string.match(a, '^(%d+)-(%d+)$')
        local bm, bc = string.match(b, '^(%d+)-(%d+)$')
        if #am ~= #bm then return #am < #bm end
        if am ~= bm then return am < bm end
        if #ac ~= #bc then return #ac < #bc end
        return ac < bc
      end

      if redis.call('EXISTS', stream) == 0 then
        redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM', 'ENTRIESREAD', 0)
        return 0
      end
      local before = state()
      if is_before(before['last-generated-id'], settled) then
        settled = '0-0'
      else
        redis.call('XTRIM', stream, 'MINID', next)
      end
      local held = redis.call('XLEN', stream)
      local read = before['entries-added'] - held
      local moved = redis.pcall('XGROUP', 'SETID', stream, group, settled, 'ENTRIESREAD', read)
      if moved.err then
        redis.call('XGROUP', 'CREATE', stream, group, settled, 'ENTRIESREAD', read)
      end
      return held
      """)

  static func call(_ shard: Shard, settled: StreamPosition) -> RedisScript.Call {
    RedisScript.Call(
      script, key: Keys.orders(shard), [Keys.matchers, settled.description, settled.successor.description])
  }
}
