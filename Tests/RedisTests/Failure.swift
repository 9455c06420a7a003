import Redis
import Testing

/// The error of a call that must fail.
func failure<Result>(
  _ call: () async throws(RedisError) -> Result, at location: SourceLocation = #_sourceLocation
) async throws -> RedisError {
  let found: RedisError?
  do throws(RedisError) {
    _ = try await call()
    found = nil
  } catch {
    found = error
  }
  return try #require(found, "the call succeeded", sourceLocation: location)
}

/// Sends until the deployment serves again.
func eventually(_ client: RedisClient, _ command: RedisCommand) async throws -> RedisValue {
  try await eventually { () async throws(RedisError) in try await client.send(command) }
}

/// Calls until the deployment serves again; every failure on the way must be one of those that pass.
func eventually<Result>(_ call: () async throws(RedisError) -> Result) async throws -> Result {
  while true {
    do throws(RedisError) {
      return try await call()
    } catch {
      guard error.isRetriable else { throw error }
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}

extension RedisError {
  /// What the server said, when it was the server.
  var refusal: RedisRefusal? {
    guard case .refused(let refusal) = self else { return nil }
    return refusal
  }

  var isTimeout: Bool {
    guard case .timedOut = self else { return false }
    return true
  }

  var isUnavailable: Bool {
    guard case .unavailable = self else { return false }
    return true
  }

  var isConnectionLost: Bool {
    guard case .connectionLost = self else { return false }
    return true
  }

  var isMalformedReply: Bool {
    guard case .malformedReply = self else { return false }
    return true
  }
}
