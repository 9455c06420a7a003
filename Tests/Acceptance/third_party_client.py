"""A session of py-alpaca-api, a library by others: unchanged but for its base URLs, which it has as constants.

Needs BUTTONWOOD_GATEWAY_URL (Scripts/stack writes it), BUTTONWOOD_BIN and DATABASE_URL, and an environment with the library
(support/requirements). Prints a line a check, "ok …" or "FAIL …", and the totals.
"""

import sys
from datetime import date, timedelta

from py_alpaca_api import PyAlpacaAPI
from py_alpaca_api.exceptions import APIRequestError
from py_alpaca_api.http.requests import Requests

from support.floor import Floor
from support.harness import URL, check, counts, eventually

HOSTS = ("https://paper-api.alpaca.markets", "https://data.alpaca.markets")
send = Requests.request


def request(self, method, url, *words, **more):
    for host in HOSTS:
        url = url.replace(host, URL)
    return send(self, method, url, *words, **more)


Requests.request = request


def main():
    floor = Floor("H", "Third party")
    api = PyAlpacaAPI(floor.client.key, floor.client.secret, api_paper=True)
    account = api.trading.account.get()
    check("the account is active", account.status == "ACTIVE" and float(account.cash) == 50_000, account)
    check("the market is open", api.trading.market.clock().is_open)
    days = api.trading.market.calendar("2026-11-23", "2026-11-27")
    check("the calendar knows holidays", list(days.date.dt.day) == [23, 24, 25, 27], days)
    asset = api.stock.assets.get(floor.symbol)
    check("the symbol is an asset", asset.symbol == floor.symbol and asset.tradable, asset)

    order = api.trading.orders.limit(floor.symbol, limit_price=49, qty=10, side="buy", client_order_id="first")
    check("an order is taken", order.status in ("accepted", "new"), order)
    eventually(lambda: api.trading.orders.get_by_id(order.id).status, lambda status: status == "new")
    check("it is listed", [o.id for o in api.trading.orders.get_all_orders(symbols=floor.symbol)] == [order.id])
    check("it is found by its name", api.trading.orders.get_by_client_order_id("first").id == order.id)
    changed = api.trading.orders.replace_order(order.id, qty=12, limit_price=50)
    eventually(lambda: api.trading.orders.get_by_id(changed.id).status, lambda status: status == "new")
    floor.meet("sell", 12, 50)
    filled = eventually(lambda: api.trading.orders.get_by_id(changed.id), lambda seen: seen.status == "filled")
    check("it is replaced and filled", filled.status == "filled" and filled.filled_avg_price == 50, filled)
    position = api.trading.positions.get(floor.symbol)
    check("a position is there", position.qty == 12 and position.avg_entry_price == 50, position)
    fills = api.trading.account.activities("FILL")
    check("the execution is an activity", [(a.order_id, float(a.qty)) for a in fills] == [(changed.id, 12)], fills)
    history = api.trading.account.portfolio_history(period="1D", timeframe="15Min")
    check("the account has a history", len(history) > 0, history)
    settings = api.trading.account.update_configuration(suspend_trade=False)
    check("settings are kept", settings.suspend_trade is False, settings)

    since, tomorrow = (date.today() + timedelta(days=step) for step in (-1, 1))
    span = {"start": since.isoformat(), "end": tomorrow.isoformat()}
    bars = api.stock.history.get_stock_data(floor.symbol, timeframe="1m", feed="iex", **span)
    check("the trade is in a bar", bars.volume.sum() == 12, bars)
    trades = api.stock.trades.get_trades(
        floor.symbol, start=f"{span['start']}T00:00:00Z", end=f"{span['end']}T00:00:00Z")
    check("it is in the history", [t.price for t in trades.trades] == [50], trades)
    floor.meet("buy", 5, 48)
    quote = eventually(lambda: api.stock.latest_quote.get(floor.symbol), lambda seen: seen.bid == 48)
    check("the quote is the book's", (quote.bid, quote.bid_size) == (48, 5), quote)
    snapshot = api.stock.snapshots.get_snapshot(floor.symbol)
    check("a snapshot has it all", snapshot.latest_trade.price == 50 and snapshot.prev_daily_bar is None, snapshot)
    try:
        api.stock.auctions.get_auctions(floor.symbol, **span)
        none = None
    except Exception as error:  # noqa: BLE001 the library's own word for an empty list
        none = error
    check("a symbol without auctions has none", "No auction data" in str(none), none)

    lists = api.trading.watchlists
    made = lists.create(name="mine", symbols=floor.symbol)
    check("a watchlist is kept", [a.symbol for a in made.assets] == [floor.symbol], made)
    check("a position is closed in part", "closed" in api.trading.positions.close(floor.symbol, qty=2))
    api.trading.orders.market(floor.symbol, qty=1, side="sell")
    api.trading.orders.cancel_all()
    eventually(lambda: api.trading.orders.get_all_orders(), lambda orders: orders == [])
    check("nothing stays open", api.trading.orders.get_all_orders() == [])
    try:
        api.trading.orders.limit(floor.symbol, limit_price=1.001, qty=1, side="buy")
        refused = None
    except APIRequestError as error:
        refused = error
    check("a refusal has words", refused is not None and "sub-penny" in str(refused), refused)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed")
    sys.exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
