internal import Market
internal import Ports
internal import Postgres
internal import Sharding

extension QuarantinedCommand {
  /// Reads a row of ``QuarantineStatements/list``.
  init(_ rows: PostgresRows, _ row: Int) throws(PostgresError) {
    func text(_ column: Int) -> String? { rows.isNull(row, column) ? nil : rows.text(row, column) }
    self.init(
      shard: Shard(rawValue: rows.int2(row, 0)), sequence: Sequence(rawValue: rows.int8(row, 1)),
      quarantinedAt: Timestamp(rawValue: rows.timestamp(row, 2)), reason: rows.text(row, 3),
      tries: Int(rows.int4(row, 4)), worker: text(5).map { WorkerID(rawValue: $0) },
      epoch: Epoch(rawValue: rows.int8(row, 6)))
    resolution = text(7).flatMap { Resolution(rawValue: $0) }
    resolvedAt = rows.isNull(row, 8) ? nil : Timestamp(rawValue: rows.timestamp(row, 8))
    resolvedSequence = rows.isNull(row, 9) ? nil : Sequence(rawValue: rows.int8(row, 9))
    note = text(10)
    request = rows.isNull(row, 11) ? nil : try Request(rows, row, from: 11)
  }
}

extension QuarantinedCommand.Request {
  fileprivate init(_ rows: PostgresRows, _ row: Int, from first: Int) throws(PostgresError) {
    let raw = rows.int2(row, first)
    let stored: LogColumns.Kind = try PostgresStore.stored(raw & LogColumns.Kind.mask)
    self.init(
      kind: "\(stored)", isRefused: raw & LogColumns.Kind.refused != 0,
      acceptedAt: Timestamp(rawValue: rows.timestamp(row, first + 1)))
    symbol = rows.isNull(row, first + 4) ? nil : rows.text(row, first + 4)
    guard stored != .market else {
      let instruction: LogColumns.ExchangeInstruction = try PostgresStore.stored(rows.int2(row, first + 5))
      kind = "\(instruction)"
      if instruction == .step {
        let day = Day(rawValue: Int32(truncatingIfNeeded: rows.int8(row, first + 6)))
        point = SessionPoint(day, try PostgresStore.stored(rows.int2(row, first + 8)))
      }
      return
    }
    account = AccountNumber(rawValue: rows.int8(row, first + 2))
    order = UniqueID(rows.uuid(row, first + 3))
    guard stored != .cancel else { return }
    side = try PostgresStore.stored(rows.int2(row, first + 5))
    price = Price(rawValue: rows.int8(row, first + 6))
    quantity = Quantity(rawValue: rows.int8(row, first + 7))
  }
}
