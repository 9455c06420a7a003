public import Market
public import Ports
internal import Postgres
public import Sharding

extension PostgresMarketLedger {
  public func auctions() async throws(LedgerError) -> [AuctionStanding] {
    let rows = try await run([PostgresCall(AuctionStatements.standings)])[0]
    return (0..<rows.count).map { row in
      AuctionStanding(
        InstrumentID(rawValue: rows.int4(row, 0)), shard: Shard(rawValue: rows.int2(row, 1)),
        told: Sequence(rawValue: rows.int8(row, 2)), processed: Sequence(rawValue: rows.int8(row, 3)),
        left: rows.int8(row, 4), isHeld: rows.bool(row, 5))
    }
  }

  public func tell(
    _ batch: AuctionBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(LedgerError) -> TellOutcome {
    let commands = batch.commands
    var rows = RowArray(expectedBytes: batch.tellings.count * 50)
    var place: Int64 = 0
    for telling in batch.tellings {
      place += Int64(telling.parts)
      rows.append {
        $0.int4(telling.instrument.rawValue)
        $0.int8(telling.seen.rawValue)
        $0.int8(place)
      }
    }
    let shard = PostgresParameter.int2(batch.shard.rawValue)
    let append = PostgresCall(
      AuctionStatements.tell,
      rowArrays: [(rows, "auction_telling[]"), (Self.log(commands, of: batch.shard, now), "command_log[]")],
      [shard, .int4(Int32(commands.count))])
    let answers = try await within(leadership, [PostgresCall(MarketDayStatements.lockLog, [shard]), append])
    return Self.outcome(answers, commands, of: batch.shard, now)
  }
}
