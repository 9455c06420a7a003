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
    var caller: Caller
    var secretDigest: SHA256Digest
  }

  private let reader: any AccountReader
  private let known: CoalescingCache<String, Known>

  init(reader: any AccountReader, configuration: GatewayConfiguration) {
    self.reader = reader
    known = CoalescingCache(
      .init(
        lifetime: configuration.credentialLifetime, absentLifetime: configuration.unknownCredentialLifetime,
        // A key that is too old is asked for before it is used: nobody goes on with it meanwhile.
        grace: 0, capacity: configuration.maximumCachedCredentials))
  }

  /// Looks a key up again at its next use.
  func forget(_ keyID: String) { known.forget(keyID) }

  /// Looks all keys up again at their next use.
  func forgetAll() { known.forgetAll() }

  /// Who sends a request.
  /// - Throws: ``APIError/unauthorized`` for a missing, unknown or wrong pair alike; another error when nobody can tell.
  func caller(_ headers: RequestHeaders, now: Timestamp) async throws(APIError) -> Caller {
    guard let pair = Self.pair(headers) else { throw .unauthorized }
    return try await caller(keyID: pair.keyID, secret: pair.secret, now: now)
  }

  /// Whose a key and its secret are; throws as ``caller(_:now:)``.
  func caller(keyID: String, secret: String, now: Timestamp) async throws(APIError) -> Caller {
    guard !keyID.isEmpty, keyID.utf8.count <= Self.maximumKeyLength, secret.utf8.count <= Self.maximumSecretLength
    else { throw .unauthorized }
    let found: Known?
    do throws(LedgerError) {
      found = try await known.value(for: keyID, now: now) { () async throws(LedgerError) in
        guard let credential = try await reader.credential(keyID: keyID),
          let digest = SHA256Digest(bytes: credential.secretHash)
        else { return nil }
        let caller = Caller(
          keyID: keyID, account: credential.account, accountID: credential.accountID, role: credential.role,
          requestsPerMinute: credential.requestsPerMinute, keysVersion: credential.keysVersion)
        return Known(caller: caller, secretDigest: digest)
      }
    } catch {
      throw APIError(error)
    }
    let isRight = SHA256Digest(of: secret).isEqualInConstantTime(to: found?.secretDigest ?? Self.nobody)
    guard let found, isRight else { throw .unauthorized }
    return found.caller
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
