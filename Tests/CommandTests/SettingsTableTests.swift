import Foundation
import Lifecycle
import Testing

@testable import buttonwood

struct SettingsTableTests {
  /// README shows the very settings that the roles read; `buttonwood settings` prints them.
  @Test func theReadmeShowsEverySetting() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.contains(SettingsCommand.table), "README.md must contain this table:\n\(SettingsCommand.table)")
  }

  @Test func everySettingIsReportedOnceWithItsVariable() {
    for settings in [GatewayCommand.settings, WorkerCommand.settings] {
      #expect(settings.count > 15 && Set(settings.map(\.flag)).count == settings.count)
      for setting in settings { #expect(setting.variable != nil && setting.help.hasSuffix("."), "\(setting.flag)") }
    }
  }
}
