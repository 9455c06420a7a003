internal import Lifecycle

/// Rhythms and bounds of live market data.
struct MarketHubSettings {
  /// Books that are read anew between two looks at the streams, at most: whoever follows many at once waits for them
  /// himself.
  var booksPerTurn = 32
  /// How long a subscription waits to be confirmed while what it begins with cannot be read.
  var confirmationLimit: Duration = TimeLimits.confirmation.value
  /// How often the shards' streams are looked at while somebody follows them.
  var pollPeriod = Duration.milliseconds(20)
  /// How long a stream that cannot be read is left alone.
  var failurePause = Duration.milliseconds(250)
  /// How many looks lie between two at sessions, halts, bands and auctions, which change seldom.
  var pollsPerStatus = 40
  /// How long before the close its auction is indicated, by the market's time: ten minutes.
  var closingCall = Duration.seconds(600)
  /// How long after a minute's end its bars are read and told: trades of its last moment are on their way.
  var barDelay = Duration.milliseconds(400)
  /// How long after a minute's end it is looked whether its bars have changed since.
  var updateDelay = Duration.seconds(30)
  /// Minutes that are made up for after a stall, at most.
  var lateMinutes: Int64 = 5

  /// The defaults.
  init() {}
}
