package import Lifecycle

/// The options of a crowd of streams, for commands that open one.
package struct StreamOptions: Sendable {
  package var count: Int
  package var mix: StreamMix
  /// Where they are opened, in turn; none for where the load goes.
  package var gateways: [GatewayAddress]
  /// How many of them are read by a thread of their own, and timed.
  package var sample: Int

  /// Declares and reads the options.
  package init(_ line: inout CommandLineOptions) {
    count = line.integer("streams", default: 10_000, in: 1...1_000_000, variable: .none, help: "Streams.")
    mix = line.choice(
      "kind", default: StreamMix.both, variable: .none,
      help: "WebSockets on /stream, server-sent events of /v2/events/trades, or half of each.")
    gateways =
      line.optional(
        "stream-urls", "URL,URL,…", variable: .none,
        expected: "a list of URLs of the form http://HOST:PORT, joined by commas",
        help: "The gateways that the streams are opened at, in turn; by default the one that the load goes to."
      ) { text in
        let addresses = text.split(separator: ",", omittingEmptySubsequences: false).map { GatewayAddress(String($0)) }
        return addresses.contains(nil) ? nil : addresses.compactMap { $0 }
      } ?? []
    sample = line.integer(
      "sample", default: 100, in: 1...10_000, variable: .none,
      help: "Streams, evenly among all, that a thread of their own reads and whose events are timed.")
  }

  /// All streams: over the accounts, and for each of them over the gateways, in turn.
  package func places(accounts: Int, gateways: Int) -> [StreamCrowd.Place] {
    (0..<count).map { number in
      // Both kinds and all gateways in every account that has as many streams.
      let round = number / accounts
      return StreamCrowd.Place(
        mix.kind(of: number + round), account: number % accounts, gateway: (number + round) % gateways)
    }
  }

  /// Whether the stream with this number, counted from 0, is one of the sample.
  package func isSample(_ number: Int) -> Bool {
    let wanted = min(sample, count)
    return (number + 1) * wanted / count > number * wanted / count
  }
}
