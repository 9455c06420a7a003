/// Things that wait for their moment, earliest first (a binary heap).
struct DelayedQueue<Element> {
  private var heap: [(due: Int64, element: Element)] = []

  var count: Int { heap.count }

  /// The moment of the earliest; nil when nothing waits.
  var earliest: Int64? { heap.first?.due }

  mutating func insert(_ element: Element, due: Int64) {
    heap.append((due, element))
    var child = heap.count - 1
    while child > 0, heap[child].due < heap[(child - 1) / 2].due {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes the earliest if its moment has come.
  mutating func take(at now: Int64) -> Element? {
    guard let first = heap.first, first.due <= now else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first.element }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].due < heap[least].due {
        least = child
      }
      guard least != parent else { return first.element }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
