internal import APIKit

/// Finds endpoints by the path of a request: a tree of segments, made once.
///
/// Segments are decoded one by one, so that an encoded slash does not make two of one. Empty segments name nothing: a client
/// that lost an identifier must not reach the list. All names in paths are ASCII: what is not names nothing. A segment that
/// is written in a template goes before a parameter in its place.
struct EndpointTree: Sendable {
  /// All endpoints of a path.
  final class Site: Sendable {
    private let endpoints: [Endpoint?]
    /// The methods that the path knows, as the header `Allow` names them.
    let allowed: String
    /// Whether they need no key, or show one later. All endpoints of a path are alike in this.
    let isOpen: Bool
    /// Whether they are answered while the service is closed.
    let isServedClosed: Bool

    fileprivate init(_ endpoints: [Endpoint]) {
      self.endpoints = Method.allCases.map { method in endpoints.first { $0.method == method } }
      precondition(self.endpoints.count(where: { $0 != nil }) == endpoints.count, "a method has two endpoints")
      precondition(Set(endpoints.map(\.isOpen)).count == 1 && Set(endpoints.map(\.parameters)).count == 1)
      isOpen = endpoints[0].isOpen
      isServedClosed = endpoints[0].isServedClosed
      allowed = self.endpoints.compactMap(\.self).flatMap { endpoint in
        // The handshake of a WebSocket has no answer without its body.
        endpoint.method == .get && !endpoint.isSocket ? ["GET", "HEAD"] : [endpoint.method.rawValue]
      }.joined(separator: ", ")
    }

    /// The endpoint of a method; nil for a method that no path knows.
    /// - Throws: ``APIError/methodNotAllowed(_:)`` naming the methods that the path knows.
    func endpoint(_ method: Method?) throws(APIError) -> Endpoint {
      guard let method, let endpoint = endpoints[method.index] else { throw .methodNotAllowed(allowed) }
      return endpoint
    }
  }

  /// A path's endpoints, and what stands in the places of its parameters.
  struct Match {
    let site: Site
    let values: [String]
  }

  private final class Node: Sendable {
    let literals: [(segment: [UInt8], node: Node)]
    let parameter: Node?
    let site: Site?

    /// The tree of the templates that share a beginning.
    /// - Parameter templates: The segments behind the beginning, and the endpoint.
    init(_ templates: [(rest: ArraySlice<Substring>, endpoint: Endpoint)]) {
      let here = templates.filter { $0.rest.isEmpty }.map(\.endpoint)
      site = here.isEmpty ? nil : Site(here)
      var literals: [(segment: [UInt8], node: Node)] = []
      var parameter: Node?
      let deeper = Dictionary(grouping: templates.filter { !$0.rest.isEmpty }) { template in
        // Parameters are told apart by their places, not by their names.
        template.rest.first!.first == "{" ? "{" : template.rest.first!
      }
      for (segment, group) in deeper {
        let node = Node(group.map { (rest: $0.rest.dropFirst(), endpoint: $0.endpoint) })
        if segment == "{" { parameter = node } else { literals.append((Array(segment.utf8), node)) }
      }
      self.literals = literals
      self.parameter = parameter
    }
  }

  private let root: Node

  init(_ endpoints: [Endpoint]) {
    root = Node(
      endpoints.flatMap { endpoint in
        ([endpoint.path] + endpoint.aliases).map { path in
          (rest: path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(), endpoint: endpoint)
        }
      })
  }

  /// What a path names as it was sent; nil when that is nothing.
  func match(_ rawPath: String) -> Match? {
    var path = rawPath
    return path.withUTF8 { bytes in
      guard bytes.first == slash else { return nil }
      var values: [String] = []
      return Self.find(root, bytes, from: 1, &values).map { Match(site: $0, values: values) }
    }
  }

  /// Walks on from a node with the segment that begins at a place.
  private static func find(
    _ node: Node, _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ values: inout [String]
  ) -> Site? {
    var end = start
    var isEncoded = false
    while end < bytes.count, bytes[end] != slash {
      isEncoded = isEncoded || bytes[end] == percent
      end += 1
    }
    let raw = UnsafeBufferPointer(rebasing: bytes[start..<end])
    guard isEncoded else { return find(node, segment: raw, bytes, end: end, &values) }
    guard let decoded = decode(raw) else { return nil }
    return decoded.withUnsafeBufferPointer { find(node, segment: $0, bytes, end: end, &values) }
  }

  private static func find(
    _ node: Node, segment: UnsafeBufferPointer<UInt8>, _ bytes: UnsafeBufferPointer<UInt8>, end: Int,
    _ values: inout [String]
  ) -> Site? {
    func goOn(_ node: Node) -> Site? {
      end == bytes.count ? node.site : find(node, bytes, from: end + 1, &values)
    }
    if let literal = node.literals.first(where: {
      $0.segment.count == segment.count && $0.segment.elementsEqual(segment)
    }),
      let site = goOn(literal.node)
    {
      return site
    }
    guard let parameter = node.parameter, !segment.isEmpty, segment.allSatisfy({ $0 < 0x80 }) else { return nil }
    values.append(String(decoding: segment, as: UTF8.self))
    if let site = goOn(parameter) { return site }
    values.removeLast()
    return nil
  }

  /// Percent-decodes a segment; nil when it is malformed.
  private static func decode(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = raw[...]
    while let byte = rest.popFirst() {
      guard byte == percent else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): return byte - UInt8(ascii: "A") + 10
    default: return nil
    }
  }
}

private let slash = UInt8(ascii: "/")
private let percent = UInt8(ascii: "%")
