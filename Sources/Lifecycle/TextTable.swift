/// A table of text with aligned columns.
package struct TextTable: Sendable {
  /// A column's heading and the side its cells lean on.
  package struct Column: Sendable {
    let heading: String
    let leansRight: Bool

    /// A column of words, aligned to the left.
    package static func left(_ heading: String) -> Column { Column(heading: heading, leansRight: false) }
    /// A column of figures, aligned to the right.
    package static func right(_ heading: String) -> Column { Column(heading: heading, leansRight: true) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// A table without rows.
  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; missing cells are empty, more cells than columns trap.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count <= columns.count, "a row has more cells than the table has columns")
    rows.append(cells + [String](repeating: "", count: columns.count - cells.count))
  }

  /// The lines: headings if any column has one, a rule, rows. No line ends in a space.
  package var text: String {
    let hasHeadings = columns.contains { !$0.heading.isEmpty }
    let head = hasHeadings ? [columns.map(\.heading)] : []
    let widths = columns.indices.map { column in (head + rows).map { $0[column].count }.max() ?? 0 }
    let rule = hasHeadings ? [widths.map { String(repeating: "-", count: $0) }] : []
    return (head + rule + rows).map { line($0, widths) + "\n" }.joined()
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = cells.indices.map { index in
      let padding = String(repeating: " ", count: widths[index] - cells[index].count)
      return columns[index].leansRight ? padding + cells[index] : cells[index] + padding
    }
    var line = padded.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}
