internal import Glibc

/// Who makes a change, as the administrative log names him. It is what he says of himself, no proof.
public struct AdminActor: Hashable, Sendable {
  /// The longest name, in bytes.
  public static let maximumBytes = 200

  /// The name.
  public let text: String

  /// Takes a name; nil when it is empty, longer than ``maximumBytes``, or has control characters.
  public init?(_ text: String) {
    guard (1...Self.maximumBytes).contains(text.utf8.count),
      text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    else { return nil }
    self.text = text
  }

  /// Whoever asks an admin endpoint.
  /// - Parameters:
  ///   - process: The process that serves it.
  ///   - peer: The client's address; empty when it is not known.
  public static func adminEndpoint(of process: String, peer: String) -> AdminActor {
    let text = "admin endpoint of \(process)" + (peer.isEmpty ? "" : " from \(peer)")
    return AdminActor(text) ?? AdminActor("admin endpoint")!
  }

  /// The user that runs this process and its host: `ann@desk-3`.
  public static var process: AdminActor {
    let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(geteuid())"
    var buffer = [CChar](repeating: 0, count: 256)
    let isNamed = gethostname(&buffer, buffer.count - 1) == 0
    let host = isNamed ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
    return AdminActor("\(user)@\(host)") ?? AdminActor("user \(geteuid())")!
  }
}
