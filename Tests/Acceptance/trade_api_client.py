"""A session of alpaca-trade-api, the library before alpaca-py: unchanged but for its base URLs.

Needs BUTTONWOOD_GATEWAY_URL (Scripts/stack writes it), BUTTONWOOD_BIN and DATABASE_URL, and an environment with the library
(support/requirements). Prints a line a check, "ok …" or "FAIL …", and the totals.
"""

import os
import sys
import threading
import time
from datetime import date, timedelta

from support.harness import URL, check, counts, eventually

os.environ["APCA_API_DATA_URL"] = URL

import alpaca_trade_api  # noqa: E402
from alpaca_trade_api.common import URL as LibraryURL  # noqa: E402
from alpaca_trade_api.rest import APIError, TimeFrame  # noqa: E402

from support.floor import Floor  # noqa: E402


class Follower:
    """The library's stream of both kinds, on a thread of its own."""

    def __init__(self, floor):
        self.updates, self.trades, self.quotes = [], [], []
        self.stream = alpaca_trade_api.Stream(
            floor.client.key, floor.client.secret, base_url=LibraryURL(URL),
            data_stream_url=LibraryURL(URL.replace("http", "ws", 1)), data_feed="iex")
        self.stream.subscribe_trade_updates(self.keep(self.updates))
        self.stream.subscribe_trades(self.keep(self.trades), floor.symbol)
        self.stream.subscribe_quotes(self.keep(self.quotes), floor.symbol)
        threading.Thread(target=self.stream.run, daemon=True).start()
        eventually(lambda: self.stream._trading_ws._running and self.stream._data_ws._running, bool)
        # The library does not say when the server has taken its wish.
        time.sleep(0.5)

    @staticmethod
    def keep(kept):
        async def take(message):
            kept.append(message)
        return take


def main():
    floor = Floor("G", "Old library")
    api = alpaca_trade_api.REST(floor.client.key, floor.client.secret, base_url=LibraryURL(URL))
    account = api.get_account()
    check("the account is active", account.status == "ACTIVE" and float(account.cash) == 50_000, account)
    clock = api.get_clock()
    check("the market is open", clock.is_open and clock.next_close > clock.timestamp, clock)
    days = api.get_calendar(start="2026-11-23", end="2026-11-27")
    check("the calendar knows holidays", [day.date.day for day in days] == [23, 24, 25, 27], days)
    check("a half day ends at one", str(days[-1].close) == "13:00:00", days[-1])
    asset = api.get_asset(floor.symbol)
    check("the symbol is an asset", asset.tradable and asset.id in [other.id for other in api.list_assets()], asset)

    follower = Follower(floor)
    order = api.submit_order(
        floor.symbol, qty=10, side="buy", type="limit", time_in_force="day", limit_price="49", client_order_id="first")
    check("an order is taken", order.status in ("accepted", "new"), order)
    eventually(lambda: api.get_order(order.id).status, lambda status: status == "new")
    check("it is listed", [o.id for o in api.list_orders(status="open", symbols=[floor.symbol])] == [order.id])
    check("it is found by its name", api.get_order_by_client_order_id("first").id == order.id)
    changed = api.replace_order(order.id, qty="12", limit_price="50")
    eventually(lambda: api.get_order(changed.id).status, lambda status: status == "new")
    check("it is replaced", api.get_order(order.id).replaced_by == changed.id)
    floor.meet("sell", 12, 50)
    filled = eventually(lambda: api.get_order(changed.id), lambda seen: seen.status == "filled")
    check("it is filled", filled.status == "filled" and float(filled.filled_avg_price) == 50, filled)
    position = api.get_position(floor.symbol)
    check("a position is there", position.qty == "12" and position.side == "long", position)
    check("positions are listed", [p.symbol for p in api.list_positions()] == [floor.symbol])
    fills = api.get_activities(activity_types="FILL")
    check("the execution is an activity", [(a.order_id, a.qty) for a in fills] == [(changed.id, "12")], fills)
    history = api.get_portfolio_history(period="1D", timeframe="15Min")
    check("the account has a history", len(history.equity) == len(history.timestamp) > 0, history)

    trade = eventually(lambda: api.get_latest_trade(floor.symbol), lambda seen: seen is not None)
    check("the trade is the latest", (trade.p, trade.s) == (50, 12), trade)
    since = (date.today() - timedelta(days=1)).isoformat()
    bars = api.get_bars(floor.symbol, TimeFrame.Minute, since, limit=100).df
    check("it is in a bar", bars.volume.sum() == 12 and bars.close.iloc[-1] == 50, bars)
    check("it is in the history", len(api.get_trades(floor.symbol, since).df) == 1)
    floor.meet("buy", 5, 48)
    quote = eventually(lambda: api.get_latest_quote(floor.symbol), lambda seen: seen.bp == 48)
    check("the quote is the book's", (quote.bp, quote.bs) == (48, 5), quote)
    snapshot = api.get_snapshot(floor.symbol)
    check("a snapshot has it all", snapshot.latest_trade.p == 50 and snapshot.daily_bar.v == 12, snapshot)
    check("there is no news", list(api.get_news(floor.symbol)) == [])

    bracket = api.submit_order(
        floor.symbol, qty=2, side="buy", type="limit", time_in_force="gtc", limit_price="40", order_class="bracket",
        take_profit={"limit_price": "60", "client_order_id": "profit"}, stop_loss={"stop_price": "30"})
    check("a bracket has legs", len(bracket.legs) == 2 and bracket.legs[0].client_order_id == "profit", bracket)
    eventually(lambda: api.get_order(bracket.id).status, lambda status: status == "new")
    api.cancel_all_orders()
    eventually(lambda: api.list_orders(status="open"), lambda orders: orders == [])
    check("nothing stays open", api.list_orders(status="open") == [])
    try:
        api.submit_order(floor.symbol, qty=1, side="sell", type="market", time_in_force="day", limit_price="1")
        refused = None
    except APIError as error:
        refused = error
    check("a refusal has a code and words", refused is not None and refused.code == 40010001, refused)

    names = [update.event for update in follower.updates]
    wanted = ["new", "replaced", "new", "fill", "new", "canceled", "canceled", "canceled"]
    eventually(lambda: len(follower.updates), lambda count: count >= len(wanted) + 2)
    names = [update.event for update in follower.updates if update.event != "pending_new"]
    check("the stream told all of it", sorted(names) == sorted(wanted), names)
    eventually(lambda: len(follower.trades), lambda count: count > 0)
    check("trades were streamed", [(t.price, t.size) for t in follower.trades] == [(50, 12)], follower.trades)
    check("quotes were streamed", any(q.bid_price == 48 for q in follower.quotes), follower.quotes)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed", flush=True)
    # The library's threads do not end by themselves.
    os._exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
