internal import Lifecycle

/// How the stores of a simulated exchange answer at present: how slowly, and how often they fail.
///
/// Chances are once in so many calls; zero is never.
package struct Weather: Sendable {
  /// The longest way to a store or back.
  package var latency = Duration.milliseconds(1)
  /// A call finds no connection.
  package var refused = 0
  /// A call is carried out, and its answer is lost.
  package var answersLost = 0
  /// A transaction is given up because of others.
  package var conflicts = 0
  /// A transaction takes long: up to ``slowness``.
  package var slow = 0
  /// How long a slow transaction takes at most.
  package var slowness = Duration.milliseconds(400)
  /// A publication reaches some of the streams only.
  package var partialPublishing = 0
  /// A wake-up is lost on its way, or comes twice.
  package var nudgesLost = 0
  package var nudgesDoubled = 0
  /// Nothing is reached at all.
  package var isAway = false

  /// No faults.
  package init() {}
}

/// Chance, time and weather, which the stores of a simulated exchange share.
package final class Environment: Sendable {
  private struct State {
    var random: SeededGenerator
    var database = Weather()
    var redis = Weather()
  }

  private let state: Lock<State>

  /// Fair weather.
  package init(seed: UInt64) { state = Lock(State(random: SeededGenerator(seed: seed))) }

  /// Lets chance decide.
  package func draw<Value: Sendable>(_ body: (inout SeededGenerator) -> Value) -> Value {
    state.withLock { body(&$0.random) }
  }

  /// True once in so many times; never for zero.
  package func happens(_ oneIn: Int) -> Bool { oneIn > 0 && draw { $0.oneIn(oneIn) } }

  /// 64 bits that are not zero.
  package func bits() -> UInt64 { draw { .random(in: 1 ... .max, using: &$0) } }

  /// A span up to `limit`.
  package func span(upTo limit: Duration) -> Duration {
    let (seconds, attoseconds) = limit.components
    let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    return .nanoseconds(draw { Int64.random(in: 0...max(0, nanoseconds), using: &$0) })
  }

  /// PostgreSQL's weather.
  package var database: Weather {
    get { state.withLock { $0.database } }
    set { state.withLock { $0.database = newValue } }
  }

  /// Redis's weather.
  package var redis: Weather {
    get { state.withLock { $0.redis } }
    set { state.withLock { $0.redis = newValue } }
  }
}
