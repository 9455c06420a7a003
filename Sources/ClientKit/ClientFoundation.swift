package import Market
package import Ports
package import Services

/// What all that clients talk to shares: who callers are, what is traded, and what time it is.
package struct ClientFoundation: Sendable {
  package let configuration: GatewayConfiguration
  package let reader: any AccountReader
  package let authenticator: Authenticator
  package let directory: InstrumentDirectory
  package let troubles: PortTroubles
  /// The market's hours as they are known now.
  package let clock: @Sendable () -> MarketClock
  /// The wall clock.
  package let now: @Sendable () -> Timestamp

  /// Makes one for a process.
  /// - Parameters:
  ///   - reader: Answers from what is committed, on the primary.
  ///   - troubles: Hears what goes wrong with stores where no client is told.
  package init(
    configuration: GatewayConfiguration = GatewayConfiguration(), reader: any AccountReader,
    troubles: PortTroubles = PortTroubles { _ in },
    clock: @escaping @Sendable () -> MarketClock = { MarketClock(mode: .open) },
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.configuration = configuration
    self.reader = reader
    self.troubles = troubles
    self.clock = clock
    self.now = now
    authenticator = Authenticator(reader: reader, configuration: configuration)
    directory = InstrumentDirectory(
      reader: reader, instrumentLifetime: configuration.instrumentLifetime, priceLifetime: configuration.priceLifetime)
  }
}
