public import Market

/// Makes and ends keys of stream entries. Their secrets never leave the database by it.
public protocol StreamKeyOperations: Sendable {
  /// All keys, the one that signs last.
  func keys() async throws(AdministrationError) -> [ListedStreamKey]

  /// Makes a key that signs from now on; the one before it goes on to be believed, older ones are ended.
  func rotate() async throws(AdministrationError) -> StreamKeyChange

  /// Ends all keys but the one that signs.
  func retire() async throws(AdministrationError) -> StreamKeyChange
}

/// A key of stream entries as it is listed.
public struct ListedStreamKey: Hashable, Sendable {
  /// The key's number.
  public var id: Int32
  /// Since when.
  public var madeAt: Timestamp

  /// Lists a key.
  public init(id: Int32, madeAt: Timestamp) {
    self.id = id
    self.madeAt = madeAt
  }
}

/// What was done with the keys of stream entries.
public struct StreamKeyChange: Hashable, Sendable {
  /// The key that signs from now on.
  public var signing: Int32
  /// Keys that are believed beside it.
  public var believed: [Int32]
  /// Keys that were ended.
  public var ended: [Int32]

  /// Says what was done.
  public init(signing: Int32, believed: [Int32], ended: [Int32]) {
    self.signing = signing
    self.believed = believed
    self.ended = ended
  }
}
