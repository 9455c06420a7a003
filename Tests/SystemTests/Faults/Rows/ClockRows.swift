import TestKit
import Testing

/// Wall clocks jump: nobody may gain or lose a shard by it.
extension FaultRow {
  static let clocks: [FaultRow] = [
    FaultRow(
      number: 27, name: "one worker's clock 1 h ahead, 1 h behind, right again", topology: .clocks, subject: .clocks,
      times: 3, keepsOwners: true
    ) { stand in
      let clock = stand.workers.randomElement()!.place.clock
      for shift: Int64 in [3600, -3600, 0] {
        clock?.set(seconds: shift)
        try await Task.sleep(for: .seconds(1))
      }
    },
    FaultRow(
      number: 27, name: "all clocks 1 h ahead, 1 h behind, right again", topology: .clocks, subject: .clocks, times: 3,
      keepsOwners: true
    ) { stand in
      let places = stand.workers.map(\.place) + stand.gateways.map(\.place)
      for shift: Int64 in [3600, -3600, 0] {
        for place in places { place.clock?.set(seconds: shift) }
        try await Task.sleep(for: .seconds(1))
      }
    },
    FaultRow(
      number: 27, name: "every clock shows another hour", topology: .clocks, subject: .clocks, keepsOwners: true
    ) { stand in
      for (hour, place) in (stand.workers.map(\.place) + stand.gateways.map(\.place)).enumerated() {
        place.clock?.set(seconds: Int64(hour - 1) * 3600)
      }
      try await Task.sleep(for: .seconds(2))
    },
  ]
}
