internal import CPostgreSQL

/// The rows of one statement's answer, in binary. Freed with its last reference.
///
/// `@unchecked Sendable`: libpq results are immutable once made.
public final class PostgresRows: @unchecked Sendable {
  private let result: OpaquePointer

  init(_ result: OpaquePointer) { self.result = result }

  deinit { PQclear(result) }

  /// How many rows.
  public var count: Int { Int(PQntuples(result)) }

  /// How many rows the statement changed or found.
  public var affected: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

  /// Whether a field is NULL.
  public func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(result, Int32(row), Int32(column)) == 1 }

  /// A `smallint`.
  public func int2(_ row: Int, _ column: Int) -> Int16 { integer(row, column) }
  /// An `integer`.
  public func int4(_ row: Int, _ column: Int) -> Int32 { integer(row, column) }
  /// A `bigint`.
  public func int8(_ row: Int, _ column: Int) -> Int64 { integer(row, column) }
  /// A `boolean`.
  public func bool(_ row: Int, _ column: Int) -> Bool { (integer(row, column) as UInt8) != 0 }
  /// A `timestamptz`, in microseconds since 1970.
  public func timestamp(_ row: Int, _ column: Int) -> Int64 {
    PostgresEpoch.decoded(int8(row, column))
  }

  /// A `uuid` as its two big-endian halves.
  public func uuid(_ row: Int, _ column: Int) -> (high: UInt64, low: UInt64) {
    let field = bytes(row, column, length: 16)
    return (
      UInt64(bigEndian: field.loadUnaligned(as: UInt64.self)),
      UInt64(bigEndian: field.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// A `text`.
  public func text(_ row: Int, _ column: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: start(row, column), count: length(row, column)), as: UTF8.self)
  }

  /// A `bytea`.
  public func bytea(_ row: Int, _ column: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: start(row, column), count: length(row, column)))
  }

  private func integer<Value: FixedWidthInteger>(_ row: Int, _ column: Int) -> Value {
    Value(bigEndian: bytes(row, column, length: Value.bitWidth / 8).loadUnaligned(as: Value.self))
  }

  private func bytes(_ row: Int, _ column: Int, length expected: Int) -> UnsafeRawPointer {
    precondition(
      length(row, column) == expected,
      "column \(column) has \(length(row, column)) bytes, the statement's reader expects \(expected)")
    return UnsafeRawPointer(start(row, column))
  }

  private func length(_ row: Int, _ column: Int) -> Int { Int(PQgetlength(result, Int32(row), Int32(column))) }

  private func start(_ row: Int, _ column: Int) -> UnsafeMutablePointer<CChar> {
    PQgetvalue(result, Int32(row), Int32(column))
  }
}
