/// Many rows as one parameter: an array of a composite type, in binary.
///
/// `INSERT … SELECT … FROM unnest($1::some_row[])` then needs one function scan, where one array a column would need one
/// scan a column.
public struct RowArray: Sendable {
  /// Writes the fields of one row, in the order of the composite type's attributes.
  public struct Fields: Sendable {
    fileprivate var writer: BinaryWriter
    fileprivate var count: Int32 = 0

    /// `smallint`.
    public mutating func int2(_ value: Int16) { field(.int2, value) }
    /// `integer`.
    public mutating func int4(_ value: Int32) { field(.int4, value) }
    /// `bigint`.
    public mutating func int8(_ value: Int64) { field(.int8, value) }
    /// `boolean`.
    public mutating func bool(_ value: Bool) { field(.bool, UInt8(value ? 1 : 0)) }
    /// `timestamptz` from microseconds since 1970.
    public mutating func timestamp(microseconds: Int64) {
      field(.timestamptz, PostgresEpoch.encoded(microseconds))
    }
    /// `uuid` from its two big-endian halves.
    public mutating func uuid(_ high: UInt64, _ low: UInt64) {
      header(.uuid, length: 16)
      writer.append(high)
      writer.append(low)
    }
    /// `text`.
    public mutating func text(_ value: String) {
      header(.text, length: Int32(value.utf8.count))
      writer.bytes.append(contentsOf: value.utf8)
    }
    /// `bigint[]`.
    public mutating func int8Array(_ values: [Int64]) {
      var array = BinaryWriter()
      array.arrayHeader(elementType: PostgresType.int8.rawValue, count: values.count)
      for value in values {
        array.append(Int32(8))
        array.append(value)
      }
      header(.int8Array, length: Int32(array.bytes.count))
      writer.bytes.append(contentsOf: array.bytes)
    }
    /// NULL of the given type.
    public mutating func null(_ type: PostgresType) { header(type, length: -1) }

    private mutating func field(_ type: PostgresType, _ value: some FixedWidthInteger) {
      header(type, length: Int32(value.bitWidth / 8))
      writer.append(value)
    }

    private mutating func header(_ type: PostgresType, length: Int32) {
      writer.append(type.rawValue)
      writer.append(length)
      count += 1
    }
  }

  private var fields = Fields(writer: BinaryWriter())
  /// How many rows.
  public private(set) var count = 0

  /// How many bytes all rows are.
  var byteCount: Int { fields.writer.bytes.count }

  /// An empty array; `expectedBytes` is about what all rows will take.
  public init(expectedBytes: Int = 0) { fields.writer.bytes.reserveCapacity(expectedBytes) }

  /// Appends a row.
  public mutating func append(_ row: (inout Fields) -> Void) {
    let start = fields.writer.bytes.count
    fields.writer.append(Int32(0))
    fields.writer.append(Int32(0))
    fields.count = 0
    row(&fields)
    patch(Int32(fields.writer.bytes.count - start - 4), at: start)
    patch(fields.count, at: start + 4)
    count += 1
  }

  /// The same rows in arrays of so many at most, in their order.
  public func parts(of limit: Int) -> [RowArray] {
    guard count > limit else { return [self] }
    var parts: [RowArray] = []
    let bytes = fields.writer.bytes
    var (start, place) = (0, 0)
    var part = RowArray()
    func length(at place: Int) -> Int {
      // Each row begins with its length, big-endian.
      bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } + 4
    }
    while place < bytes.count {
      place += length(at: place)
      part.count += 1
      guard part.count == limit || place == bytes.count else { continue }
      part.fields.writer.bytes.append(contentsOf: bytes[start..<place])
      parts.append(part)
      (part, start) = (RowArray(), place)
    }
    return parts
  }

  /// The array as a parameter; `elementType` is the composite type's identifier on this server.
  func parameter(elementType: UInt32) -> PostgresParameter {
    var writer = BinaryWriter()
    writer.bytes.reserveCapacity(fields.writer.bytes.count + 20)
    writer.arrayHeader(elementType: elementType, count: count)
    writer.bytes.append(contentsOf: fields.writer.bytes)
    return PostgresParameter(bytes: writer.bytes)
  }

  /// The same rows for COPY: what a bulk load of them would send.
  package var copyRows: CopyRows {
    var copy = CopyRows()
    fields.writer.bytes.withUnsafeBytes { bytes in
      var offset = 0
      func word() -> Int32 {
        defer { offset += 4 }
        return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
      }
      for _ in 0..<count {
        _ = word()
        let columns = word()
        copy.row(columns: Int16(columns))
        for _ in 0..<columns {
          _ = word()
          let length = word()
          copy.field(length: length, UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(max(0, length)))]))
          offset += Int(max(0, length))
        }
      }
    }
    return copy
  }

  private mutating func patch(_ value: Int32, at position: Int) {
    withUnsafeBytes(of: value.bigEndian) { bytes in
      for offset in 0..<4 { fields.writer.bytes[position + offset] = bytes[offset] }
    }
  }
}
