package import JSON

extension JSONValue {
  /// A member that says something; null and empty strings do not.
  package func given(_ name: String) -> JSONValue? {
    guard let value = self[name], !value.isNull, value.string?.isEmpty != true else { return nil }
    return value
  }
}
