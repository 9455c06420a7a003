package import APIKit
internal import Digest
package import Market
package import Ports

/// Tells whose requests they are, by key and secret; keys are kept for a moment, secrets never.
package struct Authenticator: Sendable {
  /// Longest secret that is digested, in bytes.
  private static let maximumSecretLength = 1024
  /// What an unknown key's secret is compared with, so that unknown and known keys take the same way.
  private static let nobody = SHA256Digest(of: [])

  private struct Known: Sendable {
    var caller: Caller
    var secretDigest: SHA256Digest
  }

  private let reader: any AccountReader
  private let known: CoalescingCache<KeyName, Known>
  private let unauthenticated: AddressBudget

  package init(reader: any AccountReader, configuration: GatewayConfiguration) {
    self.reader = reader
    known = CoalescingCache(
      .init(
        lifetime: configuration.credentialLifetime, absentLifetime: configuration.unknownCredentialLifetime,
        // A key that is too old is asked for before it is used: nobody goes on with it meanwhile.
        grace: 0, capacity: configuration.maximumCachedCredentials))
    unauthenticated = AddressBudget(perSecond: configuration.unknownKeysPerSecond, burst: configuration.unknownKeyBurst)
  }

  /// Looks a key up again at its next use.
  package func forget(_ keyID: String) {
    if let name = KeyName(keyID) { known.forget(name) }
  }

  /// Looks all keys up again at their next use.
  package func forgetAll() { known.forgetAll() }

  /// Who sends a request.
  /// - Throws: ``APIError/unauthorized`` for a missing, unknown or wrong pair alike; another error when nobody can tell.
  package func caller(_ headers: RequestHeaders, peer: String, now: Timestamp) async throws(APIError) -> Caller {
    guard let pair = Self.pair(headers) else { throw .unauthorized }
    return try await caller(keyID: pair.keyID, secret: pair.secret, peer: peer, now: now)
  }

  /// Whose a key and its secret are; throws as ``caller(_:peer:now:)``.
  ///
  /// Looking for a key that nobody has seen yet costs a question to the database, and anybody may name as many as he likes:
  /// an address whose keys turn out to be
  /// nobody's has only so many a second. Keys that are known go on beside such a flood.
  /// - Parameter peer: The address that the request came from.
  package func caller(keyID: String, secret: String, peer: String, now: Timestamp) async throws(APIError) -> Caller {
    guard let name = KeyName(keyID), secret.utf8.count <= Self.maximumSecretLength else { throw .unauthorized }
    if known.last(name) == nil, let span = unauthenticated.refusal(of: peer, now: now) {
      throw .busy(retryAfter: span, reason: "unknown_keys")
    }
    let found: Known?
    do throws(StoreError) {
      found = try await known.value(for: name, now: now) { () async throws(StoreError) in
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
    if found == nil { unauthenticated.charge(peer, now: now) }
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
    guard value.utf8.count <= 2048, value.utf8.count > scheme.utf8.count,
      value.utf8.prefix(scheme.utf8.count).elementsEqual(
        scheme.utf8, by: { $0 == $1 || $0 | 0x20 == $1 && $0 >= 0x41 }),
      let bytes = Base64.decode(value.utf8.dropFirst(scheme.utf8.count)),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0,
      let text = String(validating: bytes, as: UTF8.self),
      let cut = text.utf8.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    return (String(text[..<cut]), String(text[text.utf8.index(after: cut)...]))
  }
}
