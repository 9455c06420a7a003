internal import Lifecycle

/// The measurements of a process, shown in Prometheus's text format.
///
/// Ask for an instrument once and keep it: asking again with the same name and labels gives the same one, behind a lock;
/// counting itself takes none.
public final class Metrics: Sendable {
  /// Labels of a series, in order.
  public typealias Labels = KeyValuePairs<String, String>

  private enum Instrument: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case reading(@Sendable () -> Int64?)
    case histogram(Histogram)
  }

  private struct Family: Sendable {
    var type: String
    var help: String
    /// Instruments by their rendered labels.
    var series: [String: Instrument] = [:]
  }

  private let families = Lock<[String: Family]>([:])

  /// A registry without instruments.
  public init() {}

  /// A count that only grows; by custom its name ends in `_total`.
  public func counter(_ name: String, help: String, labels: Labels = [:]) -> Counter {
    let found = instrument(name, "counter", help, labels) { .counter(Counter()) }
    guard case .counter(let counter) = found else { preconditionFailure("\(name) is no counter") }
    return counter
  }

  /// A value that goes up and down.
  public func gauge(_ name: String, help: String, labels: Labels = [:]) -> Gauge {
    let found = instrument(name, "gauge", help, labels) { .gauge(Gauge()) }
    guard case .gauge(let gauge) = found else { preconditionFailure("\(name) is no stored gauge") }
    return gauge
  }

  /// A value that is read when it is asked for; `read` must be quick. While it gives nil the series is not shown: what is
  /// not known here is not zero.
  public func gauge(_ name: String, help: String, labels: Labels = [:], read: @escaping @Sendable () -> Int64?) {
    _ = instrument(name, "gauge", help, labels) { .reading(read) }
  }

  /// A count that somebody else keeps, read when it is asked for; it must only grow.
  public func counter(_ name: String, help: String, labels: Labels = [:], read: @escaping @Sendable () -> Int64?) {
    _ = instrument(name, "counter", help, labels) { .reading(read) }
  }

  /// A distribution of spans of time; by custom its name ends in `_seconds`.
  public func histogram(
    _ name: String, help: String, labels: Labels = [:], upperBounds: [Duration] = Histogram.latencyBounds
  ) -> Histogram {
    let bounds = upperBounds.map(Histogram.nanoseconds)
    return histogram(name, help, labels) { Histogram(upperBounds: bounds, fractionDigits: 9) }
  }

  /// A distribution of whole numbers, such as the sizes of batches.
  public func histogram(_ name: String, help: String, labels: Labels = [:], upperBounds: [Int64]) -> Histogram {
    histogram(name, help, labels) { Histogram(upperBounds: upperBounds, fractionDigits: 0) }
  }

  /// Everything in the text exposition format, version 0.0.4.
  ///
  /// Source: Prometheus documentation, "Exposition formats".
  public var text: String {
    let families = families.withLock { families in families }
    var text = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      var samples = ""
      for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
        switch instrument {
        case .counter(let counter): samples += MetricText.line(name, labels, "\(counter.value)")
        case .gauge(let gauge): samples += MetricText.line(name, labels, "\(gauge.value)")
        case .reading(let read):
          if let value = read() { samples += MetricText.line(name, labels, "\(value)") }
        case .histogram(let histogram): samples += MetricText.lines(name, labels, histogram)
        }
      }
      guard !samples.isEmpty else { continue }
      text += "# HELP \(name) \(MetricText.help(family.help))\n# TYPE \(name) \(family.type)\n" + samples
    }
    return text
  }

  private func histogram(
    _ name: String, _ help: String, _ labels: Labels, _ make: @Sendable () -> Histogram
  ) -> Histogram {
    let found = instrument(name, "histogram", help, labels) { .histogram(make()) }
    guard case .histogram(let histogram) = found else { preconditionFailure("\(name) is no histogram") }
    return histogram
  }

  private func instrument(
    _ name: String, _ type: String, _ help: String, _ labels: Labels, _ make: @Sendable () -> Instrument
  ) -> Instrument {
    precondition(MetricText.isName(name), "\(name) is not the name of a metric")
    let key = MetricText.labels(labels.map { ($0.key, $0.value) })
    return families.withLock { families in
      var family = families[name] ?? Family(type: type, help: help)
      precondition(family.type == type, "\(name) is a \(family.type) already")
      if let known = family.series[key] { return known }
      let made = make()
      family.series[key] = made
      families[name] = family
      return made
    }
  }
}
