package import Lifecycle

extension TextTable {
  /// A table of spans of time: a name, the count, the quantiles that are shown, and the maximum.
  package static func latencies(_ heading: String, _ rows: [(name: String, histogram: LatencyHistogram)]) -> TextTable {
    let figures = ["count"] + LatencyHistogram.shownQuantiles.map(\.name) + ["max"]
    var table = TextTable([.left(heading)] + figures.map { .right($0) })
    for row in rows {
      let spans = row.histogram.shown.map { row.histogram.count == 0 ? "-" : SpanLabel.text($0) }
      table.add([row.name, "\(row.histogram.count)"] + spans)
    }
    return table
  }
}
