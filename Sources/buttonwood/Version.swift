/// The program's version, as heartbeats and `--version` tell it.
enum Version {
  static let text = "0.1.0"
}
