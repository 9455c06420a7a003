import Testing

/// The rules of the book, one table each.
@Suite struct BookTableTests {
  @Test func betterPriceTradesFirstThenTheOlderOrder() {
    BookTable.check(
      """
      place A1 sell 100 @ 10.06           → rests 100
      place A2 sell 100 @ 10.05           → rests 100
      place A3 sell 100 @ 10.05           → rests 100
      place B1 buy 250 @ 10.06            → trades 100 with A2 @ 10.05; trades 100 with A3 @ 10.05; trades 50 with A1 @ 10.06
      asks                                → A1 50 @ 10.06
      bids                                → none
      """)
  }

  @Test func tradeIsAtTheMakersPrice() {
    BookTable.check(
      """
      place A buy 100 @ 10.4              → rests 100
      place B buy 200 @ 10.3              → rests 200
      place C sell 100 @ 10.7             → rests 100
      place D sell 200 @ 10.8             → rests 200
      place E buy 100 @ 10.8              → trades 100 with C @ 10.7
      place F sell 400 @ 10.2             → trades 100 with A @ 10.4; trades 200 with B @ 10.3; rests 100
      asks                                → F 100 @ 10.2, D 200 @ 10.8
      """)
  }

  @Test func partialFillKeepsTimePriority() {
    BookTable.check(
      """
      place B1 buy 300 @ 10               → rests 300
      place B2 buy 100 @ 10               → rests 100
      place A1 sell 100 @ 10              → trades 100 with B1 @ 10
      place A2 sell 100 @ 10              → trades 100 with B1 @ 10
      place A3 sell 150 @ 10              → trades 100 with B1 @ 10; trades 50 with B2 @ 10
      bids                                → B2 50 @ 10
      """)
  }

  @Test func reductionKeepsThePlaceAndAReductionByAllCancels() {
    BookTable.check(
      """
      place A1 sell 100 @ 10              → rests 100
      place A2 sell 100 @ 10              → rests 100
      reduce A1 60                        → A1 reduced to 40
      asks                                → A1 40 @ 10, A2 100 @ 10
      place B1 buy 50 @ 10                → trades 40 with A1 @ 10; trades 10 with A2 @ 10
      reduce A2 90                        → cancels A2 90: requested
      reduce A2 1                         → refused: unknown order
      place A3 sell 100 @ 10              → rests 100
      reduce A3 300                       → cancels A3 100: requested
      reduce A3 0                         → refused: invalid
      asks                                → none
      """)
  }

  @Test func immediateOrCancelLeavesNothingBehind() {
    BookTable.check(
      """
      place A1 sell 100 @ 12.50           → rests 100
      place A2 sell 100 @ 12.51           → rests 100
      place B1 buy 300 @ 12.50 ioc        → trades 100 with A1 @ 12.5; cancels B1 200: not immediately fillable
      place B2 buy 10 @ 12.40 ioc         → cancels B2 10: not immediately fillable
      asks                                → A2 100 @ 12.51
      bids                                → none
      """)
  }

  @Test func fillOrKillTradesWhollyOrNotAtAll() {
    BookTable.check(
      """
      place A1 sell 100 @ 10.00           → rests 100
      place A2 sell 100 @ 10.01           → rests 100
      place B1 buy 200 @ 10.00 fok        → cancels B1 200: not wholly fillable
      place B2 buy 201 @ 10.01 fok        → cancels B2 201: not wholly fillable
      asks                                → A1 100 @ 10, A2 100 @ 10.01
      place B3 buy 200 @ 10.01 fok        → trades 100 with A1 @ 10; trades 100 with A2 @ 10.01
      asks                                → none
      """)
  }

  @Test func ownSharesDoNotFillAFillOrKill() {
    BookTable.check(
      """
      place A1 sell 100 @ 10 by ann       → rests 100
      place A2 sell 100 @ 10 by bob       → rests 100
      place B1 buy 150 @ 10 fok by ann oldest → cancels B1 150: not wholly fillable
      place B2 buy 100 @ 10 fok by ann newest → cancels B2 100: not wholly fillable
      place B3 buy 100 @ 10 fok by ann both   → cancels B3 100: not wholly fillable
      asks                                → A1 100 @ 10, A2 100 @ 10
      place B4 buy 100 @ 10 fok by ann oldest → cancels A1 100: self-trade; trades 100 with A2 @ 10
      place A3 sell 100 @ 10 by bob       → rests 100
      place A4 sell 100 @ 10 by ann       → rests 100
      place B5 buy 100 @ 10 fok by ann newest → trades 100 with A3 @ 10
      asks                                → A4 100 @ 10
      """)
  }

  @Test func marketOrderNeverRests() {
    BookTable.check(
      """
      place A1 sell 100 @ 10.7            → rests 100
      place A2 sell 200 @ 10.6            → rests 200
      place A3 sell 300 @ 10.9            → rests 300
      place B1 buy 650 @ 10.8 market      → trades 200 with A2 @ 10.6; trades 100 with A1 @ 10.7; cancels B1 350: not immediately fillable
      place S1 sell 10 @ 9 market gtc     → cancels S1 10: not immediately fillable
      bids                                → none
      asks                                → A3 300 @ 10.9
      """)
  }

  @Test func postOnlyIsRejectedWhenItWouldTrade() {
    BookTable.check(
      """
      place A1 sell 100 @ 10.05           → rests 100
      place B1 buy 100 @ 10.05 post-only  → rejected: would trade
      place B2 buy 100 @ 10.04 post-only  → rests 100
      replace B2 with B3 buy 50 @ 10.05 post-only → refused: would trade
      bids                                → B2 100 @ 10.04
      """)
  }

  @Test func cancelTakesOnlyAnOwnOpenOrder() {
    BookTable.check(
      """
      place A1 sell 100 @ 10 by ann       → rests 100
      cancel A1 by bob                    → refused: unknown order
      reduce A1 10 by bob                 → refused: unknown order
      replace A1 with A2 sell 10 @ 10 by bob → refused: unknown order
      cancel A1 by ann                    → cancels A1 100: requested
      cancel A1 by ann                    → refused: unknown order
      place A3 sell 100 @ 10 by ann       → rests 100
      cancel A3                           → cancels A3 100: requested
      """)
  }

  @Test func smallerReplacementKeepsThePlaceAnyOtherLosesIt() {
    BookTable.check(
      """
      place A1 sell 100 @ 10              → rests 100
      place A2 sell 100 @ 10              → rests 100
      replace A1 with A3 sell 60 @ 10     → replaces A1, keeps its place; rests 60
      asks                                → A3 60 @ 10, A2 100 @ 10
      replace A3 with A4 sell 60 @ 10     → replaces A3, loses its place; rests 60
      asks                                → A2 100 @ 10, A4 60 @ 10
      replace A2 with A5 sell 120 @ 10    → replaces A2, loses its place; rests 120
      asks                                → A4 60 @ 10, A5 120 @ 10
      replace A4 with A6 sell 60 @ 9.99   → replaces A4, loses its place; rests 60
      replace A6 with A7 sell 30 @ 9.99 ioc → replaces A6, loses its place; cancels A7 30: not immediately fillable
      asks                                → A5 120 @ 10
      """)
  }

  @Test func replacementCountsWhatIsExecuted() {
    BookTable.check(
      """
      place A1 sell 100 @ 10              → rests 100
      place A2 sell 100 @ 10              → rests 100
      place B1 buy 30 @ 10                → trades 30 with A1 @ 10
      replace A1 with A3 sell 30 @ 10     → refused: not above filled
      replace A1 with A3 sell 80 @ 10     → replaces A1, keeps its place; rests 50
      place B2 buy 20 @ 10                → trades 20 with A3 @ 10
      replace A3 with A4 sell 50 @ 10     → refused: not above filled
      replace A3 with A4 sell 51 @ 11     → replaces A3, loses its place; rests 1
      asks                                → A2 100 @ 10, A4 1 @ 11
      """)
  }

  @Test func replacementMayTradeAtOnceButNotWithItself() {
    BookTable.check(
      """
      place A1 sell 75 @ 10               → rests 75
      place B1 buy 100 @ 9                → rests 100
      replace B1 with B2 buy 100 @ 10     → replaces B1, loses its place; trades 75 with A1 @ 10; rests 25
      bids                                → B2 25 @ 10
      replace B2 with B3 sell 100 @ 9     → refused: invalid
      replace B2 with B4 buy 75 @ 10      → refused: not above filled
      bids                                → B2 25 @ 10
      """)
  }

  @Test func anOrderMayMoveWithinItsBook() {
    BookTable.check(
      """
      place B1 buy 100 @ 10               → rests 100
      place B2 buy 50 @ 9                 → rests 50
      place A1 sell 30 @ 10               → trades 30 with B1 @ 10
      place A2 sell 20 @ 12               → rests 20
      replace B1 with B2 buy 100 @ 11     → refused: duplicate
      replace B1 with B1 buy 100 @ 9      → replaces B1, loses its place; rests 70
      bids                                → B2 50 @ 9, B1 70 @ 9
      replace B1 with B1 buy 100 @ 12     → replaces B1, loses its place; trades 20 with A2 @ 12; rests 50
      bids                                → B1 50 @ 12, B2 50 @ 9
      """)
  }

  @Test func cancelNewestStopsTheIncomingOrder() {
    BookTable.check(
      """
      place A1 sell 10 @ 10 by bob        → rests 10
      place A2 sell 10 @ 10 by ann        → rests 10
      place A3 sell 10 @ 10 by bob        → rests 10
      place B1 buy 25 @ 10 by ann newest  → trades 10 with A1 @ 10; cancels B1 15: self-trade
      asks                                → A2 10 @ 10, A3 10 @ 10
      bids                                → none
      """)
  }

  @Test func cancelOldestTakesTheRestingOrderOut() {
    BookTable.check(
      """
      place A1 sell 10 @ 10 by bob        → rests 10
      place A2 sell 10 @ 10 by ann both   → rests 10
      place A3 sell 10 @ 10 by bob        → rests 10
      place B1 buy 25 @ 10 by ann oldest  → trades 10 with A1 @ 10; cancels A2 10: self-trade; trades 10 with A3 @ 10; rests 5
      asks                                → none
      bids                                → B1 5 @ 10
      """)
  }

  /// A protective stop that has fired goes on to others' orders behind its own account's, which give way.
  @Test func whatFiresTradesBehindItsOwn() {
    BookTable.check(
      """
      place B1 buy 10 @ 10.00 by ann      → rests 10
      place B2 buy 5 @ 10.00 by ann       → rests 5
      place B3 buy 10 @ 9.99 by bob       → rests 10
      place B4 buy 10 @ 9.98 by ann       → rests 10
      place B5 buy 10 @ 9.97 by cid       → rests 10
      place S1 sell 12 @ 9.50 market by ann oldest → cancels B1 10: self-trade; cancels B2 5: self-trade; trades 10 with B3 @ 9.99; cancels B4 10: self-trade; trades 2 with B5 @ 9.97
      bids                                → B5 8 @ 9.97
      place B6 buy 10 @ 10.00 by ann      → rests 10
      place S2 sell 12 @ 9.50 market by ann newest → cancels S2 12: self-trade
      bids                                → B6 10 @ 10, B5 8 @ 9.97
      """)
  }

  @Test func cancelBothTakesBothOut() {
    BookTable.check(
      """
      place A1 sell 10 @ 10 by bob        → rests 10
      place A2 sell 10 @ 10 by ann        → rests 10
      place A3 sell 10 @ 10 by ann        → rests 10
      place B1 buy 25 @ 10 by ann both    → trades 10 with A1 @ 10; cancels A2 10: self-trade; cancels B1 15: self-trade
      asks                                → A3 10 @ 10
      bids                                → none
      """)
  }

  @Test func ordersOfNoAccountTradeWithEachOther() {
    BookTable.check(
      """
      place A1 sell 10 @ 10               → rests 10
      place B1 buy 10 @ 10 both           → trades 10 with A1 @ 10
      """)
  }

  @Test func keyInUseIsRefused() {
    BookTable.check(
      """
      place A1 sell 10 @ 10               → rests 10
      place A1 buy 10 @ 10                → rejected: duplicate
      place A2 sell 0 @ 10                → rejected: invalid
      place A3 sell 10 @ 0                → rejected: invalid
      asks                                → A1 10 @ 10
      """)
  }
}
