internal import Market
internal import Ports
internal import Redis

/// Drops what is settled from a stream and moves the mirror group behind it, in one step.
enum TrimScript {
  /// As the group then stands before the first entry that is left, or at the end of an empty stream, the server itself
  /// knows its lag: exactly what is not yet trimmed, whatever order calls come in and whatever is added later.
  /// (`XGROUP SETID` without `ENTRIESREAD` leaves the count to it; looking the count up costs twice the whole script.)
  ///
  /// A position beyond the last entry comes from before a wipe: the stream then holds nothing that is known to be
  /// settled. Flagged `allow-oom`: a full server must be able to make room.
  static let script = RedisScript(
    name: "trim",
    source: """
      #!lua flags=allow-oom
      local stream, group, settled, next = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

      local function is_before(a, b)
        local am, ac = string.match(a, '^(%d+)-(%d+)$')
        local bm, bc = string.match(b, '^(%d+)-(%d+)$')
        if #am ~= #bm then return #am < #bm end
        if am ~= bm then return am < bm end
        if #ac ~= #bc then return #ac < #bc end
        return ac < bc
      end

      local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
      if not last then
        settled = '$'
      elseif last[1] ~= settled and is_before(last[1], settled) then
        settled = '0-0'
      else
        redis.call('XTRIM', stream, 'MINID', next)
      end
      if redis.pcall('XGROUP', 'SETID', stream, group, settled).err then
        redis.call('XGROUP', 'CREATE', stream, group, settled, 'MKSTREAM')
      end
      return 1
      """)

  static func call(_ shard: Shard, settled: StreamPosition) -> RedisScript.Call {
    RedisScript.Call(
      script, key: Keys.orders(shard), [Keys.matchers, settled.description, settled.successor.description])
  }
}
