/// Rows for `COPY … FROM STDIN (FORMAT binary)`.
///
/// Source: PostgreSQL 15, COPY, "Binary Format".
public struct CopyRows: Sendable {
  private var writer = BinaryWriter()

  /// No rows yet.
  public init() {
    writer.bytes = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]
    writer.append(Int32(0))
    writer.append(Int32(0))
  }

  /// Begins a row of `columns` fields.
  public mutating func row(columns: Int16) { writer.append(columns) }
  /// `smallint`.
  public mutating func int2(_ value: Int16) { field(value) }
  /// `integer`.
  public mutating func int4(_ value: Int32) { field(value) }
  /// `bigint`.
  public mutating func int8(_ value: Int64) { field(value) }
  /// `boolean`.
  public mutating func bool(_ value: Bool) { field(UInt8(value ? 1 : 0)) }
  /// `timestamptz` from microseconds since 1970.
  public mutating func timestamp(microseconds: Int64) { field(PostgresEpoch.encoded(microseconds)) }
  /// `uuid` from its two big-endian halves.
  public mutating func uuid(_ high: UInt64, _ low: UInt64) {
    writer.append(Int32(16))
    writer.append(high)
    writer.append(low)
  }
  /// `text`.
  public mutating func text(_ value: String) {
    writer.append(Int32(value.utf8.count))
    writer.bytes.append(contentsOf: value.utf8)
  }
  /// NULL.
  public mutating func null() { writer.append(Int32(-1)) }

  /// A field in its binary form; a length of -1 is NULL.
  mutating func field(length: Int32, _ bytes: UnsafeRawBufferPointer) {
    writer.append(length)
    writer.bytes.append(contentsOf: bytes)
  }

  var finished: [UInt8] {
    var end = writer
    end.append(Int16(-1))
    return end.bytes
  }

  private mutating func field(_ value: some FixedWidthInteger) {
    writer.append(Int32(value.bitWidth / 8))
    writer.append(value)
  }
}
