"""Looks after an account through alpaca-py against a running system: choices, activities, history, watchlists, closing of
positions, keys that only read or have a limit of their own, and the operator's kill switch.

Needs what alpaca_sdk.py needs, and opens accounts and symbols of its own in the same way. Prints a line a check, "ok …" or
"FAIL …", and the totals.
"""

import json
import sys
import uuid
from decimal import Decimal

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import AccountStatus, OrderClass, OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    CreateWatchlistRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
    UpdateWatchlistRequest,
)

from support.harness import URL, check, counts, eventually, operator

RUN = uuid.uuid4().hex[:6]
SYMBOL, OTHER = (head + "".join(chr(ord("A") + int(digit, 16)) for digit in RUN[:5]) for head in "KL")
BUY, SELL, GTC = OrderSide.BUY, OrderSide.SELL, TimeInForce.GTC


def refusal(action, *words, **more):
    try:
        action(*words, **more)
    except APIError as error:
        return error
    return None


def status_code(error):
    return None if error is None else error.status_code


def limit(side, quantity, price, **more):
    return LimitOrderRequest(symbol=SYMBOL, qty=quantity, side=side, limit_price=price, time_in_force=GTC, **more)


class Holder:
    """An account with its first key."""

    def __init__(self, name, cash, shares=0):
        opened = json.loads(operator("account", "create", "--name", f"{name}-{RUN}", "--cash", cash, "--json"))
        self.account = opened["account_id"]
        self.client = TradingClient(opened["key_id"], opened["secret"], url_override=URL)
        if shares:
            operator("account", "grant", self.account, SYMBOL, str(shares))

    def another_key(self, *options):
        key = json.loads(operator("account", "keys", "create", *options, "--json", self.account))
        return key["key_id"], TradingClient(key["key_id"], key["secret"], url_override=URL)

    def open_orders(self):
        return self.client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, limit=500))


def check_configuration(holder):
    client = holder.client
    choices = client.get_account_configurations()
    check("an account begins with trading on", choices.suspend_trade is False, choices)
    choices.suspend_trade = True
    changed = client.set_account_configurations(choices)
    check("a holder suspends trading", changed.suspend_trade is True, changed)
    refused = refusal(client.submit_order, limit(BUY, 1, 90))
    check("a suspended account places no order", status_code(refused) == 403, refused)
    check("the account tells of it", client.get_account().trade_suspended_by_user is True)
    changed.suspend_trade = False
    check("a holder resumes trading", client.set_account_configurations(changed).suspend_trade is False)
    order = client.submit_order(limit(BUY, 1, 90))
    client.cancel_order_by_id(order.id)
    wrong = refusal(client.patch, "/account/configurations", {"max_margin_multiplier": "9"})
    check("a choice that is not there is refused", status_code(wrong) == 422, wrong)


def trade(holder, maker, quantity, price):
    maker.client.submit_order(limit(SELL, quantity, price))
    order = holder.client.submit_order(limit(BUY, quantity, price))
    return eventually(lambda: holder.client.get_order_by_id(order.id), lambda now: now.status == OrderStatus.FILLED)


def check_activities(holder, maker):
    client = holder.client
    operator("account", "deposit", holder.account, "250.25")
    operator("account", "withdraw", holder.account, "50")
    orders = [trade(holder, maker, 10 + number, 100) for number in range(5)]
    check("orders are filled", all(order.status == OrderStatus.FILLED for order in orders), orders)
    fills = eventually(lambda: client.get("/account/activities/FILL"), lambda found: len(found) >= 5)
    check("every fill is an activity, the latest first",
          [entry["order_id"] for entry in fills] == [str(order.id) for order in reversed(orders)], fills)
    check("a fill tells its terms",
          (fills[0]["symbol"], fills[0]["side"], Decimal(fills[0]["qty"]), Decimal(fills[0]["price"])) == (SYMBOL, "buy", 14, 100), fills[0])
    every = client.get("/account/activities")
    kinds = [entry["activity_type"] for entry in every]
    check("cash that moved is an activity", kinds.count("CSD") == 2 and kinds.count("CSW") == 1, kinds)
    paged, token = [], None
    while True:
        words = {"page_size": 3, **({"page_token": token} if token else {})}
        page = client.get("/account/activities", words)
        paged += page
        if len(page) < 3:
            break
        token = page[-1]["id"]
    check("pages together are the whole, nothing twice", [e["id"] for e in paged] == [e["id"] for e in every], paged)
    oldest = client.get("/account/activities", {"direction": "asc", "page_size": 1})
    check("the other direction begins at the other end", oldest == every[-1:], oldest)
    wrong = refusal(client.get, "/account/activities", {"page_token": "nonsense"})
    check("a token that is none is refused", status_code(wrong) == 422, wrong)
    foreign = refusal(maker.client.get, "/account/activities", {"page_token": every[0]["id"]})
    absent = refusal(maker.client.get, "/account/activities", {"page_token": every[0]["id"][:-1] + "z"})
    check("another's token opens nothing", status_code(foreign) == status_code(absent) == 422, (foreign, absent))


def check_history(holder):
    history = holder.client.get_portfolio_history(GetPortfolioHistoryRequest(period="1D", timeframe="5Min"))
    account = holder.client.get_account()
    check("history has a value a moment", len(history.timestamp) == len(history.equity) > 0, history)
    check("history ends with today's equity", abs(Decimal(str(history.equity[-1])) - Decimal(account.equity)) < Decimal("0.01"),
          (history.equity[-1], account.equity))
    check("history tells its timeframe", history.timeframe == "5Min", history.timeframe)
    wrong = refusal(holder.client.get, "/account/portfolio/history", {"period": "1X"})
    check("a period that is none is refused", status_code(wrong) == 422, wrong)


def check_watchlists(holder, stranger):
    client, name = holder.client, f"list-{RUN}"
    made = client.create_watchlist(CreateWatchlistRequest(name=name, symbols=[SYMBOL]))
    check("a watchlist is made", (made.name, [asset.symbol for asset in made.assets]) == (name, [SYMBOL]), made)
    longer = client.add_asset_to_watchlist_by_id(made.id, OTHER)
    check("a symbol is added", [asset.symbol for asset in longer.assets] == [SYMBOL, OTHER], longer)
    shorter = client.remove_asset_from_watchlist_by_id(made.id, SYMBOL)
    check("a symbol is removed", [asset.symbol for asset in shorter.assets] == [OTHER], shorter)
    again = refusal(client.remove_asset_from_watchlist_by_id, made.id, SYMBOL)
    check("a symbol that is not in it cannot be removed", status_code(again) in (404, 422), again)
    renamed = client.update_watchlist_by_id(made.id, UpdateWatchlistRequest(name=name + "-b", symbols=[SYMBOL, OTHER]))
    check("a watchlist is changed", (renamed.name, len(renamed.assets)) == (name + "-b", 2), renamed)
    found = client.get("/watchlists:by_name", {"name": name + "-b"})
    check("a watchlist is found by its name", found["id"] == str(made.id), found)
    check("watchlists are listed", [entry.id for entry in client.get_watchlists()] == [made.id])
    gone = refusal(client.get, "/watchlists:by_name", {"name": name})
    check("its former name leads nowhere", status_code(gone) == 404, gone)
    twice = refusal(client.create_watchlist, CreateWatchlistRequest(name=name + "-b", symbols=[]))
    check("a name is taken once", status_code(twice) == 422, twice)
    unknown = refusal(client.create_watchlist, CreateWatchlistRequest(name="x", symbols=["NOSUCH"]))
    check("an unknown symbol is refused", status_code(unknown) == 422, unknown)
    for what, action, words in [
        ("looks at it", stranger.client.get_watchlist_by_id, (made.id,)),
        ("deletes it", stranger.client.delete_watchlist_by_id, (made.id,)),
        ("looks at it by name", stranger.client.get, ("/watchlists:by_name", {"name": name + "-b"})),
    ]:
        refused = refusal(action, *words)
        check(f"nobody else {what}", status_code(refused) == 404, refused)
    client.delete_watchlist_by_id(made.id)
    missing = refusal(client.get_watchlist_by_id, made.id)
    check("a deleted watchlist is gone", status_code(missing) == 404 and client.get_watchlists() == [], missing)


def check_closing(holder, maker):
    client = holder.client
    held = Decimal(client.get_open_position(SYMBOL).qty)
    maker.client.submit_order(limit(BUY, 200, 99))
    order = client.close_position(SYMBOL, ClosePositionRequest(percentage="50"))
    check("half of a position is sold", Decimal(order.qty) == held // 2 and order.side == SELL, order)
    left = eventually(lambda: Decimal(client.get_open_position(SYMBOL).qty), lambda now: now == held - held // 2)
    check("half of a position is left", left == held - held // 2, left)
    few = refusal(client.close_position, SYMBOL, ClosePositionRequest(qty="100000"))
    check("more than a position is not sold", status_code(few) in (403, 422), few)
    closed = client.close_all_positions(cancel_orders=True)
    check("all positions are closed", [(one.symbol, one.status) for one in closed] == [(SYMBOL, 200)], closed)
    gone = eventually(lambda: refusal(client.get_open_position, SYMBOL), lambda error: error is not None)
    check("a closed position is gone", status_code(gone) == 404, gone)
    none = refusal(client.close_position, SYMBOL)
    check("what is not held is not closed", status_code(none) == 404, none)
    maker.client.cancel_orders()


def check_reading_key(holder):
    _, reader = holder.another_key("--role", "read-only")
    order = holder.client.submit_order(limit(BUY, 1, 50))
    check("a key that only reads looks", reader.get_order_by_id(order.id).id == order.id and reader.get_account() is not None)
    for what, action, words in [
        ("places no order", reader.submit_order, (limit(BUY, 1, 50),)),
        ("cancels no order", reader.cancel_order_by_id, (order.id,)),
        ("cancels no orders", reader.cancel_orders, ()),
        ("replaces no order", reader.replace_order_by_id, (order.id, ReplaceOrderRequest(qty=2))),
        ("closes no positions", reader.close_all_positions, ()),
        ("makes no watchlist", reader.create_watchlist, (CreateWatchlistRequest(name="r", symbols=[]),)),
        ("makes no choice", reader.set_account_configurations, (reader.get_account_configurations(),)),
    ]:
        refused = refusal(action, *words)
        check(f"a key that only reads {what}", status_code(refused) == 403, refused)
    check("the order is as it was", [one.id for one in holder.open_orders()] == [order.id])
    holder.client.cancel_order_by_id(order.id)


def check_limit(holder):
    key, client = holder.another_key("--requests-per-minute", "5")
    client._retry = 0
    answer = client._session.get(
        URL + "/v2/account", headers={"APCA-API-KEY-ID": client._api_key, "APCA-API-SECRET-KEY": client._secret_key})
    headers = [answer.headers.get(f"X-RateLimit-{name}") for name in ("Limit", "Remaining")]
    check("a limit is told", headers == ["5", "4"], headers)
    errors = [refusal(client.get_account) for _ in range(6)]
    refused = next((error for error in errors if error is not None), None)
    check("requests beyond the limit meet 429", status_code(refused) == 429, errors)
    check("it is told when to come again", refused is not None and int(refused.response.headers["Retry-After"]) > 0)
    check("another key of the account is not held up", holder.client.get_account() is not None)
    operator("account", "keys", "limit", key, "none")
    free = eventually(lambda: refusal(client.get_account), lambda error: error is None)
    check("a limit that is taken away holds nobody up", free is None, free)
    listed = {one["key_id"]: one for one in json.loads(operator("account", "keys", "list", "--json", holder.account))}
    check("keys are listed with their limit", listed[key]["requests_per_minute"] is None and listed[key]["role"] == "trading", listed)
    operator("account", "keys", "revoke", key)
    gone = refusal(client.submit_order, limit(BUY, 1, 50))
    check("a revoked key places no order", status_code(gone) == 401, gone)


def check_kill_switch(holder):
    client = holder.client
    orders = [client.submit_order(limit(BUY, 1, 50 + number)) for number in range(10)]
    client.submit_order(limit(
        BUY, 2, 40, order_class=OrderClass.BRACKET, take_profit=TakeProfitRequest(limit_price=150),
        stop_loss=StopLossRequest(stop_price=30)))
    check("orders are open, legs among them", len(holder.open_orders()) == 13, holder.open_orders())
    operator("account", "block", "--reason", "seen trading by itself", holder.account)
    check("a blocked account says so", client.get_account().trading_blocked is True or client.get_account().status != AccountStatus.ACTIVE)
    for what, action, words in [
        ("places no order", client.submit_order, (limit(BUY, 1, 50),)),
        ("replaces no order", client.replace_order_by_id, (orders[0].id, ReplaceOrderRequest(qty=2))),
    ]:
        refused = refusal(action, *words)
        check(f"a blocked account {what}", status_code(refused) == 403, refused)
    check("a blocked account cancels", refusal(client.cancel_order_by_id, orders[0].id) is None)
    done = json.loads(operator("account", "block", "--cancel-all", "--json", "--reason", "all of it", holder.account))
    check("the kill switch leaves nothing open", done["orders"]["open"] == 0 and holder.open_orders() == [], done)
    states = {client.get_order_by_id(order.id).status for order in orders}
    check("what was open is cancelled", states == {OrderStatus.CANCELED}, states)
    operator("account", "unblock", holder.account)
    order = client.submit_order(limit(BUY, 1, 50))
    check("an account that is not blocked any more trades", order is not None)
    client.cancel_order_by_id(order.id)
    log = json.loads(operator("log", "--account", holder.account, "--json"))
    actions = [entry["action"] for entry in log][-4:]
    check("the log tells what the operator did",
          actions == ["account block", "account block", "account cancel-orders", "account unblock"], actions)


def main():
    for symbol in (SYMBOL, OTHER):
        operator("instrument", "add", symbol, "--name", f"Acceptance {RUN}", "--reference-price", "100.00")
    holder, maker = Holder("holder", "60000.00"), Holder("maker", "100000.00", shares=400)
    for symbol in (SYMBOL, OTHER):
        eventually(lambda: refusal(holder.client.get_asset, symbol), lambda error: error is None)
    check_configuration(holder)
    check_activities(holder, maker)
    check_history(holder)
    check_watchlists(holder, maker)
    check_closing(holder, maker)
    check_reading_key(holder)
    check_limit(holder)
    check_kill_switch(holder)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed")
    sys.exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
