import Market
import Ports
import Testing

@testable import Services

struct InstrumentFileTests {
  private func mistakes(_ text: String) -> [String] {
    do throws(InstrumentFile.Mistakes) { _ = try InstrumentFile.parse(text) } catch { return error.lines }
    return []
  }

  @Test func quotesCarriageReturnsAndMarksAreUnderstood() throws {
    let text =
      "\u{FEFF}symbol,name,exchange,reference_price\r\nAAPL,\"Apple, \"\"the\"\"\r\nInc.\",NASDAQ,1e2\r\n\r\nB,B,,"
    let listings = try InstrumentFile.parse(text)
    #expect(listings.map(\.symbol.description) == ["AAPL", "B"])
    #expect(listings[0].name == "Apple, \"the\"\r\nInc.")
    #expect(listings.map(\.referencePrice) == [Price("100"), nil])
  }

  @Test func allMistakesAreReportedWithTheirLines() {
    let text = """
      symbol,name,exchange,reference_price
      aapl,Apple,NASDAQ,1
      OK,"two
      lines",NYSE,2
      X,Y
      OK,Again,NYSE,2
      P,Price,NYSE,1.00001
      Q,Price,NYSE,0
      E,Exchange,LSE,
      N,,NYSE,
      U,"open,NYSE,1
      """
    let found = mistakes(text)
    #expect(found.map { $0.prefix { $0 != ":" } } == [2, 5, 6, 7, 8, 9, 10, 11].map { "line \($0)" })
    #expect(found[2] == "line 6: OK stands on line 3 already")
  }

  @Test func anotherHeaderIsRefused() {
    #expect(mistakes("name,symbol\n").count == 1)
    #expect(mistakes("").count == 1)
  }

  @Test func fieldsOfAnyTextComeBack() {
    let letters = ["a", ",", "\"", "\n", "\r", "é", " "]
    for _ in 0..<300 {
      let fields = (0..<Int.random(in: 1...4)).map { _ in
        (0..<Int.random(in: 0...6)).map { _ in letters.randomElement()! }.joined()
      }
      let line = fields.map {
        "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
      }
      #expect(CSVText.records(line.joined(separator: ",") + "\n").map(\.fields) == [fields])
    }
  }
}
