/// A secret under which publishers sign stream entries, and by which owners know that an entry was not made up.
public struct StreamKey: Hashable, Sendable {
  /// Bytes in a secret.
  public static let secretBytes = 32

  /// Which key: what an entry names. Later keys have greater numbers.
  public var id: Int32
  /// 32 random bytes. They appear in no text of a key.
  public var secret: [UInt8]

  /// Makes a key.
  public init(id: Int32, secret: [UInt8]) {
    self.id = id
    self.secret = secret
  }
}

extension StreamKey: CustomStringConvertible, CustomReflectable {
  /// `stream key 3`: a secret that reaches a log is one no more.
  public var description: String { "stream key \(id)" }
  /// Nothing, so that no dump shows the secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Tells the keys under which stream entries are signed.
public protocol StreamKeyReader: Sendable {
  /// The keys that are valid now, in ascending order: the last one signs, all of them are believed.
  func streamKeys() async throws(StoreError) -> [StreamKey]
}

/// Why a stream entry was not carried out. Its row is read from the log instead.
public enum EntryRefusal: String, Error, Hashable, CaseIterable {
  /// It is no log row at all, or one in words that this program does not know.
  case malformed
  /// It is not signed: somebody's own, or an older program's.
  case unsigned
  /// It is signed under a key that is not, or no longer, valid.
  case unknownKey = "unknown_key"
  /// Its signature is not that of this text at this place: made up, changed, or copied from another shard or sequence.
  case wrongSignature = "wrong_signature"
  /// It was published in another branch of the database's history.
  case foreignTimeline = "foreign_history"
  /// The log ends before it.
  case beyondLog = "beyond_log"
}
