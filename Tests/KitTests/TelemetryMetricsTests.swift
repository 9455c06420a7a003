import Foundation
import Lifecycle
import Testing

@testable import Telemetry

/// A reader of the text format that is stricter than Prometheus.
private struct Exposition {
  var types: [String: String] = [:]
  var samples: [String: Double] = [:]

  init(_ text: String) throws {
    #expect(text.isEmpty || text.hasSuffix("\n"))
    var helped: Set<Substring> = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# HELP ") {
        #expect(helped.insert(line.split(separator: " ")[2]).inserted, "one HELP a family")
      } else if line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ")
        #expect(helped.contains(words[2]), "HELP stands before TYPE")
        types[String(words[2])] = String(words[3])
      } else {
        let space = try #require(line.lastIndex(of: " "))
        let value = try #require(Double(line[line.index(after: space)...]))
        #expect(samples.updateValue(value, forKey: String(line[..<space])) == nil, "one sample a series")
      }
    }
  }
}

struct TelemetryMetricsTests {
  @Test func everyInstrumentIsRenderedOnce() throws {
    let metrics = Metrics()
    metrics.counter("buttonwood_orders_accepted_total", help: "Orders\nthat were \\accepted.").add(5)
    metrics.counter("buttonwood_answers_total", help: "Answers.", labels: ["status": "2xx"]).add()
    metrics.counter("buttonwood_answers_total", help: "Answers.", labels: ["status": "a\"b\\c\nd"]).add(2)
    let gauge = metrics.gauge("buttonwood_lag", help: "Lag.")
    gauge.set(9)
    gauge.add(-12)
    metrics.gauge("buttonwood_now", help: "Now.") { 42 }
    let read = try Exposition(metrics.text)
    #expect(
      read.types == [
        "buttonwood_orders_accepted_total": "counter", "buttonwood_answers_total": "counter", "buttonwood_lag": "gauge",
        "buttonwood_now": "gauge",
      ])
    #expect(
      read.samples == [
        "buttonwood_orders_accepted_total": 5, "buttonwood_answers_total{status=\"2xx\"}": 1,
        "buttonwood_answers_total{status=\"a\\\"b\\\\c\\nd\"}": 2, "buttonwood_lag": -3, "buttonwood_now": 42,
      ])
  }

  @Test func whatIsNotKnownIsNotShown() throws {
    let metrics = Metrics()
    let known = Lock<Int64?>(nil)
    metrics.gauge("buttonwood_known", help: "Known.") { known.withLock { $0 } }
    metrics.gauge("buttonwood_lags", help: "Lags.", labels: ["shard": "0"]) { known.withLock { $0 } }
    metrics.gauge("buttonwood_lags", help: "Lags.", labels: ["shard": "1"]) { 0 }
    metrics.counter("buttonwood_streams_opened_total", help: "Streams.") { 7 }
    var read = try Exposition(metrics.text)
    #expect(read.samples == ["buttonwood_lags{shard=\"1\"}": 0, "buttonwood_streams_opened_total": 7])
    #expect(read.types == ["buttonwood_lags": "gauge", "buttonwood_streams_opened_total": "counter"])
    known.withLock { $0 = 0 }
    read = try Exposition(metrics.text)
    #expect(read.samples["buttonwood_known"] == 0 && read.samples["buttonwood_lags{shard=\"0\"}"] == 0)
  }

  @Test func aHistogramCountsEachValueInAllBucketsThatReachIt() throws {
    let metrics = Metrics()
    let bounds: [Int64] = [1, 5, 10, 100]
    let histogram = metrics.histogram("sizes", help: "Sizes.", labels: ["role": "x"], upperBounds: bounds)
    let values = (0..<500).map { _ in Int64.random(in: -3...150) }
    for value in values { histogram.observe(value) }
    let read = try Exposition(metrics.text)
    for bound in bounds {
      #expect(read.samples["sizes_bucket{role=\"x\",le=\"\(bound)\"}"] == Double(values.count { $0 <= bound }))
    }
    #expect(read.samples["sizes_bucket{role=\"x\",le=\"+Inf\"}"] == 500)
    #expect(read.samples["sizes_count{role=\"x\"}"] == 500)
    #expect(read.samples["sizes_sum{role=\"x\"}"] == Double(values.reduce(0, +)))
  }

  @Test func spansOfTimeAreShownInSeconds() throws {
    let metrics = Metrics()
    let histogram = metrics.histogram("wait_seconds", help: "Waits.", upperBounds: [.microseconds(250), .seconds(2)])
    histogram.observe(.microseconds(250))
    histogram.observe(.milliseconds(1500))
    histogram.observe(.seconds(3))
    let read = try Exposition(metrics.text)
    #expect(read.samples["wait_seconds_bucket{le=\"0.00025\"}"] == 1)
    #expect(read.samples["wait_seconds_bucket{le=\"2\"}"] == 2)
    #expect(read.samples["wait_seconds_sum"] == 4.50025)
  }

  @Test func manyThreadsLoseNoCount() async throws {
    let metrics = Metrics()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for _ in 0..<1000 {
            metrics.counter("hits_total", help: "Hits.").add()
            metrics.histogram("sizes", help: "Sizes.", upperBounds: [3]).observe(Int64(task))
          }
        }
      }
    }
    let read = try Exposition(metrics.text)
    #expect(read.samples["hits_total"] == 8000)
    #expect(read.samples["sizes_bucket{le=\"3\"}"] == 4000)
    #expect(read.samples["sizes_sum"] == 28000)
  }
}
