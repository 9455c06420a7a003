internal import Digest
internal import Market
internal import Ports

/// Tells whose requests they are, by key and secret; keys are kept for a moment, secrets never.
struct Authenticator: Sendable {
  /// Longest key id that is looked up, in bytes.
  private static let maximumKeyLength = 128
  /// Longest secret that is digested, in bytes.
  private static let maximumSecretLength = 1024
  /// What an unknown key's secret is compared with, so that unknown and known keys take the same way.
  private static let nobody = SHA256Digest(of: [])

  private struct Known: Sendable {
    var account: AccountNumber
    var secretDigest: SHA256Digest
  }

  private let reader: any AccountReader
  private let known: CoalescingCache<String, Known>

  init(reader: any AccountReader, configuration: GatewayConfiguration) {
    self.reader = reader
    known = CoalescingCache(
      .init(
        lifetime: configuration.credentialLifetime, absentLifetime: configuration.unknownCredentialLifetime,
        grace: configuration.credentialLifetime, capacity: configuration.maximumCachedCredentials))
  }

  /// The account behind a request.
  /// - Throws: ``APIError/unauthorized`` for a missing, unknown or wrong pair alike; another error when nobody can tell.
  func account(_ headers: RequestHeaders, now: Timestamp) async throws(APIError) -> AccountNumber {
    guard let pair = Self.pair(headers) else { throw .unauthorized }
    return try await account(keyID: pair.keyID, secret: pair.secret, now: now)
  }

  /// The key that a request names.
  static func keyID(_ headers: RequestHeaders) -> String? { pair(headers)?.keyID }

  /// The account behind a key and its secret; throws as ``account(_:now:)``.
  func account(keyID: String, secret: String, now: Timestamp) async throws(APIError) -> AccountNumber {
    guard !keyID.isEmpty, keyID.utf8.count <= Self.maximumKeyLength, secret.utf8.count <= Self.maximumSecretLength
    else { throw .unauthorized }
    let found: Known?
    do throws(LedgerError) {
      found = try await known.value(for: keyID, now: now) { () async throws(LedgerError) in
        guard let credential = try await reader.credential(keyID: keyID),
          let digest = SHA256Digest(bytes: credential.secretHash)
        else { return nil }
        return Known(account: credential.account, secretDigest: digest)
      }
    } catch {
      throw APIError(error)
    }
    let isRight = SHA256Digest(of: secret).isEqualInConstantTime(to: found?.secretDigest ?? Self.nobody)
    guard let found, isRight else { throw .unauthorized }
    return found.account
  }

  /// The pair of headers, or else HTTP Basic. Repeated fields are no credentials.
  private static func pair(_ headers: RequestHeaders) -> (keyID: String, secret: String)? {
    switch (headers.keyID, headers.secret, headers.authorization) {
    case (.once(let keyID), .once(let secret), _): return keyID.isEmpty ? nil : (keyID, secret)
    case (.absent, .absent, .once(let value)): return basic(value)
    default: return nil
    }
  }

  /// Reads `Basic base64(key:secret)` (RFC 7617).
  private static func basic(_ value: String) -> (keyID: String, secret: String)? {
    let scheme = "basic "
    guard value.utf8.count <= 2048, value.prefix(scheme.count).lowercased() == scheme,
      let bytes = Base64.decode(value.dropFirst(scheme.count)),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0,
      let text = String(validating: bytes, as: UTF8.self),
      let cut = text.utf8.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    return (String(text[..<cut]), String(text[text.index(after: cut)...]))
  }
}
