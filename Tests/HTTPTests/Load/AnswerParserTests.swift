import Testing

@testable import HTTPLoad

@Suite struct AnswerParserTests {
  private static let stream =
    "HTTP/1.1 100 Continue\r\n\r\n"
    + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello"
    + "HTTP/1.1 204 No Content\r\n\r\n"
    + "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n00a;ext=1\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
    + "HTTP/1.1 503 Busy\r\ncontent-length:0\r\nconnection: close\r\n\r\n"

  @Test(arguments: [1, 2, 3, 7, 20, 1000])
  func findsTheSameAnswersHoweverTheStreamIsCut(pieceSize: Int) throws {
    var parser = AnswerParser(answerLimit: 10_000, keepsHeaders: true)
    var answers: [AnswerParser.Answer] = []
    var rest = Array(Self.stream.utf8)[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieceSize))
      rest = rest.dropFirst(pieceSize)
      try piece.withUnsafeBytes { try parser.append($0) }
      while let answer = try parser.next(isHead: false) { answers.append(answer) }
    }
    #expect(answers.map(\.reply.status) == [200, 204, 200, 503])
    #expect(answers.map { String(decoding: $0.reply.body, as: UTF8.self) } == ["hello", "", "abc0123456789", ""])
    #expect(answers.map(\.closes) == [false, false, false, true])
    #expect(answers[0].reply.header("x") == "y")
    #expect(!parser.isMidAnswer)
  }

  @Test func theEndOfTheStreamEndsABodyWithoutLength() throws {
    var parser = AnswerParser(answerLimit: 10_000, keepsHeaders: false)
    try Array("HTTP/1.0 200 OK\r\n\r\nall of it".utf8).withUnsafeBytes { try parser.append($0) }
    let early = try parser.next(isHead: false)
    #expect(early?.reply.status == nil)
    #expect(parser.end()?.reply.body == Array("all of it".utf8))
  }

  @Test(arguments: [
    "SMTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
  ])
  func refusesWhatIsNoAnswer(text: String) throws {
    var parser = AnswerParser(answerLimit: 1000, keepsHeaders: false)
    try Array(text.utf8).withUnsafeBytes { try parser.append($0) }
    #expect(throws: AnswerParser.Malformed.self) { try parser.next(isHead: false) }
  }
}
