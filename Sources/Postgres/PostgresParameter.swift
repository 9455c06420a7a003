/// A value for a statement's parameter in PostgreSQL's binary format; its type is what the statement says.
public struct PostgresParameter: Sendable {
  let bytes: [UInt8]?

  /// A parameter in binary format; nil is NULL.
  init(bytes: [UInt8]?) { self.bytes = bytes }

  /// NULL.
  public static let null = PostgresParameter(bytes: nil)

  /// `smallint`.
  public static func int2(_ value: Int16) -> PostgresParameter { integer(value) }
  /// `integer`.
  public static func int4(_ value: Int32) -> PostgresParameter { integer(value) }
  /// `bigint`.
  public static func int8(_ value: Int64) -> PostgresParameter { integer(value) }
  /// `boolean`.
  public static func bool(_ value: Bool) -> PostgresParameter { .init(bytes: [value ? 1 : 0]) }
  /// `text`. U+0000 is not allowed and is refused by the server.
  public static func text(_ value: String) -> PostgresParameter { .init(bytes: Array(value.utf8)) }
  /// `bytea`.
  public static func bytea(_ value: [UInt8]) -> PostgresParameter { .init(bytes: value) }
  /// `uuid` from its two big-endian halves.
  public static func uuid(_ high: UInt64, _ low: UInt64) -> PostgresParameter {
    var writer = BinaryWriter()
    writer.append(high)
    writer.append(low)
    return .init(bytes: writer.bytes)
  }
  /// `timestamptz` from microseconds since 1970.
  public static func timestamp(microseconds: Int64) -> PostgresParameter {
    integer(PostgresEpoch.encoded(microseconds))
  }
  /// `smallint[]`.
  public static func int2Array(_ values: [Int16]) -> PostgresParameter { array(values, type: .int2) }
  /// `integer[]`.
  public static func int4Array(_ values: [Int32]) -> PostgresParameter { array(values, type: .int4) }
  /// `bigint[]`.
  public static func int8Array(_ values: [Int64]) -> PostgresParameter { array(values, type: .int8) }
  /// `timestamptz[]` from microseconds since 1970.
  public static func timestampArray(microseconds values: [Int64]) -> PostgresParameter {
    array(values.map(PostgresEpoch.encoded), type: .timestamptz)
  }
  /// `uuid[]` from pairs of big-endian halves.
  public static func uuidArray(_ values: [(high: UInt64, low: UInt64)]) -> PostgresParameter {
    var writer = BinaryWriter()
    writer.arrayHeader(elementType: PostgresType.uuid.rawValue, count: values.count)
    for value in values {
      writer.append(Int32(16))
      writer.append(value.high)
      writer.append(value.low)
    }
    return .init(bytes: writer.bytes)
  }

  private static func integer(_ value: some FixedWidthInteger) -> PostgresParameter {
    var writer = BinaryWriter()
    writer.append(value)
    return .init(bytes: writer.bytes)
  }

  private static func array<Value: FixedWidthInteger>(_ values: [Value], type: PostgresType) -> PostgresParameter {
    var writer = BinaryWriter()
    writer.arrayHeader(elementType: type.rawValue, count: values.count)
    for value in values {
      writer.append(Int32(Value.bitWidth / 8))
      writer.append(value)
    }
    return .init(bytes: writer.bytes)
  }
}

/// PostgreSQL counts its times from 2000-01-01.
enum PostgresEpoch {
  static let microseconds: Int64 = 946_684_800_000_000
  /// The first and the last moment that a `timestamptz` holds, from PostgreSQL's epoch on: 4713 BC and 294276 AD.
  private static let range: ClosedRange<Int64> = -211_813_488_000_000_000...9_223_371_331_199_999_999

  /// Microseconds since 1970 as PostgreSQL counts them. What it cannot hold is the nearest that it can.
  static func encoded(_ microsecondsSince1970: Int64) -> Int64 {
    let (shifted, isBeyond) = microsecondsSince1970.subtractingReportingOverflow(microseconds)
    return isBeyond ? range.lowerBound : min(max(shifted, range.lowerBound), range.upperBound)
  }

  /// Microseconds since 1970 of what PostgreSQL counts; its infinities are the ends.
  static func decoded(_ microsecondsSince2000: Int64) -> Int64 {
    let (sum, isBeyond) = microsecondsSince2000.addingReportingOverflow(microseconds)
    return isBeyond ? .max : sum
  }
}

/// Object identifiers of the built-in types in use.
///
/// Source: PostgreSQL 15, src/include/catalog/pg_type.dat.
public enum PostgresType: UInt32, Sendable {
  case bool = 16
  case bytea = 17
  case int8 = 20
  case int2 = 21
  case int4 = 23
  case text = 25
  case int8Array = 1016
  case timestamptz = 1184
  case uuid = 2950
}

/// Appends integers in network order.
struct BinaryWriter: Sendable {
  var bytes: [UInt8] = []

  mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// A one-dimensional array without NULLs.
  mutating func arrayHeader(elementType: UInt32, count: Int) {
    append(Int32(count == 0 ? 0 : 1))
    append(Int32(0))
    append(elementType)
    guard count > 0 else { return }
    append(Int32(count))
    append(Int32(1))
  }
}
