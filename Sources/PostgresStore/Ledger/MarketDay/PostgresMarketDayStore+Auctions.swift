public import Market
public import Ports
internal import Postgres
public import Sharding

extension PostgresMarketDayStore {
  public func auctions() async throws(StoreError) -> [AuctionProgress] {
    let rows = try await run([PostgresCall(AuctionStatements.allProgress)])[0]
    return (0..<rows.count).map { row in
      AuctionProgress(
        InstrumentID(rawValue: rows.int4(row, 0)), shard: Shard(rawValue: rows.int2(row, 1)),
        instructed: Sequence(rawValue: rows.int8(row, 2)), processed: Sequence(rawValue: rows.int8(row, 3)),
        left: rows.int8(row, 4), isHeld: rows.bool(row, 5))
    }
  }

  public func append(
    _ batch: AuctionBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(StoreError) -> AppendOutcome {
    let commands = batch.commands
    var rows = RowArray(expectedBytes: batch.instructions.count * 50)
    var place: Int64 = 0
    for instruction in batch.instructions {
      place += Int64(instruction.parts)
      rows.append {
        $0.int4(instruction.instrument.rawValue)
        $0.int8(instruction.seen.rawValue)
        $0.int8(place)
      }
    }
    let shard = PostgresParameter.int2(batch.shard.rawValue)
    let append = PostgresCall(
      AuctionStatements.append,
      rowArrays: [(rows, "auction_telling[]"), (Self.log(commands, of: batch.shard, now), "command_log[]")],
      [shard, .int4(Int32(commands.count))])
    let answers = try await within(leadership, [PostgresCall(MarketDayStatements.lockLog, [shard]), append])
    return Self.outcome(answers, commands, of: batch.shard, now)
  }
}
