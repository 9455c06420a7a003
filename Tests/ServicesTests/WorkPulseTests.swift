import Testing

@testable import Services

/// A lane that is busy for long is told from one that is stuck.
struct WorkPulseTests {
  private var settings: ExecutionSettings {
    var settings = ExecutionSettings()
    settings.stuckAfter = .milliseconds(40)
    settings.unreachableAfter = .milliseconds(40)
    return settings
  }

  @Test func whoeverMakesProgressDoesNotAil() async {
    let pulse = WorkPulse()
    await eventually("nothing has come of the work for too long") { pulse.isAiling(settings) }
    pulse.progressed()
    var generous = settings
    generous.stuckAfter = .seconds(3_600)
    #expect(!pulse.isAiling(generous))
  }

  @Test func aDatabaseThatAnswersAgainEndsTheSilence() async {
    let pulse = WorkPulse()
    var settings = settings
    settings.stuckAfter = .seconds(3_600)
    pulse.missedDatabase()
    await eventually("the database is away for too long") { pulse.isAiling(settings) }
    pulse.reachedDatabase()
    #expect(!pulse.isAiling(settings) && !pulse.isMissingDatabase)
  }
}
