internal import Digest
internal import Market
internal import Ports

/// The keys of stream entries, ready for use: the newest signs, all of them are believed.
struct StreamKeys: Sendable {
  /// How often they had been read when these were.
  let reading: Int
  private let keys: [Int32: HMACKey]
  private let newest: Int32?

  init(_ keys: [StreamKey], reading: Int) {
    self.reading = reading
    self.keys = Dictionary(keys.map { ($0.id, HMACKey($0.secret)) }) { $1 }
    newest = keys.map(\.id).max()
  }

  /// What a tag is of: a text at its place. The word in front keeps signatures of entries apart from whatever else the keys
  /// may sign one day; numbers have one text each and no space, so no two places and texts make the same bytes.
  private static func writePlace(_ shard: Shard, _ sequence: Sequence, to bytes: inout [UInt8]) {
    bytes.write("entry ")
    bytes.write(Int64(shard.rawValue))
    bytes.append(UInt8(ascii: " "))
    bytes.write(sequence.rawValue)
    bytes.append(UInt8(ascii: " "))
  }

  /// Appends the signature of a row's text: `3-` and 32 hexadecimal digits. Without keys it appends nothing.
  func sign(_ text: [UInt8], at shard: Shard, _ sequence: Sequence, to bytes: inout [UInt8]) {
    guard let newest, let key = keys[newest] else { return }
    var place: [UInt8] = []
    place.reserveCapacity(40)
    Self.writePlace(shard, sequence, to: &place)
    bytes.write(Int64(newest))
    bytes.append(UInt8(ascii: "-"))
    key.tag(of: place, text).write(to: &bytes)
  }

  /// Why a text is not to be believed at its place; nil when its signature is good.
  func flaw(of signature: [UInt8], on text: [UInt8], at shard: Shard, _ sequence: Sequence) -> EntryRefusal? {
    guard signature.count > AuthenticationTag.digitCount + 1 else { return .wrongSignature }
    let digits = signature.suffix(AuthenticationTag.digitCount)
    var scanner = CompactScanner(Array(signature.dropLast(AuthenticationTag.digitCount)))
    guard let id = scanner.number(in: 1...Int64(Int32.max)), scanner.take("-"), scanner.isAtEnd,
      let tag = AuthenticationTag(hexadecimal: digits)
    else { return .wrongSignature }
    guard let key = keys[Int32(id)] else { return .unknownKey }
    var place: [UInt8] = []
    place.reserveCapacity(40)
    Self.writePlace(shard, sequence, to: &place)
    return key.tag(of: place, text).isEqualInConstantTime(to: tag) ? nil : .wrongSignature
  }
}
