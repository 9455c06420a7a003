internal import JSON
internal import HTTPLoad
internal import Lifecycle

/// An account with a key to trade for it, as `buttonwood account create --json` prints it.
package struct TradingKey: Sendable, Equatable {
  /// The account's identifier.
  package var account: String
  package var key: String
  package var secret: String

  /// Names an account's key.
  package init(account: String, key: String, secret: String) {
    self.account = account
    self.key = key
    self.secret = secret
  }

  /// The largest list that is read, in bytes.
  static let listLimit = 16 * 1024 * 1024

  /// The header lines that authenticate a request.
  package var headerLines: [UInt8] {
    HTTPLoadRequest.headerLines([("APCA-API-KEY-ID", key), ("APCA-API-SECRET-KEY", secret)])
  }

  /// Reads a file of keys: a JSON array, or one JSON object a line; `{"account_id", "key_id", "secret"}` each.
  /// - Throws: what is wrong, without any secret.
  package static func load(_ path: String) throws(TradingKeyError) -> [TradingKey] {
    guard let bytes = SmallFile.bytes(path, limit: listLimit) else { throw .unreadable(path) }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    let objects = JSONValue.read(bytes)?.array ?? lines.map { JSONValue.read($0) }
    var keys: [TradingKey] = []
    for (index, object) in objects.enumerated() {
      guard let account = object?["account_id"]?.string, let key = object?["key_id"]?.string,
        let secret = object?["secret"]?.string
      else { throw .malformed(path, entry: index + 1) }
      guard isHeaderText(key), isHeaderText(secret) else { throw .malformed(path, entry: index + 1) }
      keys.append(TradingKey(account: account, key: key, secret: secret))
    }
    return keys
  }

  private static func isHeaderText(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}

/// Why a list of keys cannot be used.
package enum TradingKeyError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be read: its path.
  case unreadable(String)
  /// An entry, counted from 1, is no account with a key.
  case malformed(String, entry: Int)

  /// The failure in words.
  package var description: String {
    switch self {
    case .unreadable(let path): "\(path): cannot be read; make it with \"buttonwood account create --json\""
    case .malformed(let path, let entry):
      "\(path), entry \(entry): not an object with account_id, key_id and secret as \"buttonwood account create --json\" prints it"
    }
  }
}
