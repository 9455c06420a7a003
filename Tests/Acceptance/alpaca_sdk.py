"""Drives a running system through alpaca-py, as any of its users would, with only the base URL changed.

Needs BUTTONWOOD_GATEWAY_URL, DATABASE_URL and REDIS_URL (Scripts/stack writes them) and BUTTONWOOD_BIN. Opens its own
accounts in a symbol of its own, so that it can run against any system whose market is open. Prints a line a check,
"ok …" or "FAIL …", and the totals.
"""

import json
import sys
import uuid
from decimal import Decimal

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import GetOrdersRequest, LimitOrderRequest, ReplaceOrderRequest

from support.harness import URL, check, counts, eventually, operator

RUN = uuid.uuid4().hex[:6]
SYMBOL = "T" + "".join(chr(ord("A") + int(digit, 16)) for digit in RUN[:4])


def open_account(name, cash, shares=0):
    account = json.loads(operator("account", "create", "--name", name, "--cash", cash, "--json"))
    if shares:
        operator("account", "grant", str(account["account_id"]), SYMBOL, str(shares))
    return TradingClient(account["key_id"], account["secret"], url_override=URL)


def limit(side, quantity, price, **more):
    return LimitOrderRequest(
        symbol=SYMBOL, qty=quantity, side=side, limit_price=price, time_in_force=TimeInForce.DAY, **more)


def refusal(action, *words):
    """The refusal that an action meets, or None when it is not refused."""
    try:
        action(*words)
    except APIError as error:
        return error
    return None


def status_of(client, order, *wanted):
    return eventually(lambda: client.get_order_by_id(order.id), lambda seen: seen.status in wanted)


def check_account(buyer, seller):
    account = buyer.get_account()
    check("the account is active", account.status.value == "ACTIVE", account.status)
    check("cash is what was paid in", Decimal(account.cash) == 60000, account.cash)
    check("buying power is the cash", Decimal(account.buying_power) == 60000, account.buying_power)
    check("nobody begins with orders", buyer.get_orders() == [], buyer.get_orders())
    position = seller.get_open_position(SYMBOL)
    check("granted shares are a position", Decimal(position.qty) == 400, position.qty)
    asset = buyer.get_asset(SYMBOL)
    check("the symbol is a tradable asset", asset.symbol == SYMBOL and asset.tradable, asset)
    check("the market is open", buyer.get_clock().is_open)


def check_order(buyer):
    name = f"first-{RUN}"
    order = buyer.submit_order(limit(OrderSide.BUY, 10, 90.25, client_order_id=name))
    check("an order is accepted", order.status in (OrderStatus.ACCEPTED, OrderStatus.NEW, OrderStatus.PENDING_NEW), order.status)
    check("an order keeps its terms", (order.symbol, Decimal(order.qty), Decimal(order.limit_price)) == (SYMBOL, 10, Decimal("90.25")), order)
    check("an order is found by id", buyer.get_order_by_id(order.id).id == order.id)
    check("an order is found by its client's name", buyer.get_order_by_client_id(name).id == order.id)
    check("an order reaches the book", status_of(buyer, order, OrderStatus.NEW).status == OrderStatus.NEW)
    open_orders = buyer.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN))
    check("an order is listed as open", [o.id for o in open_orders] == [order.id], open_orders)
    account = buyer.get_account()
    check("an open buy holds its price", Decimal(account.buying_power) == Decimal("59097.50"), account.buying_power)
    again = refusal(buyer.submit_order, limit(OrderSide.BUY, 10, 90.25, client_order_id=name))
    check("a client's name is used once", again is not None and again.code == 40010001, again)
    return order


def check_replace(buyer, order):
    changed = buyer.replace_order_by_id(order.id, ReplaceOrderRequest(qty=12, limit_price=90.5))
    check("a replacement is a new order", changed.id != order.id and changed.replaces == order.id, changed)
    old = status_of(buyer, order, OrderStatus.REPLACED)
    check("the replaced order ends as replaced", (old.status, old.replaced_by) == (OrderStatus.REPLACED, changed.id), old)
    new = status_of(buyer, changed, OrderStatus.NEW)
    check("the replacement stands in the book", (new.status, Decimal(new.qty), Decimal(new.limit_price)) == (OrderStatus.NEW, 12, Decimal("90.5")), new)
    return changed


def check_cancel(buyer, order):
    buyer.cancel_order_by_id(order.id)
    check("a cancelled order ends as canceled", status_of(buyer, order, OrderStatus.CANCELED).status == OrderStatus.CANCELED)
    free = eventually(lambda: Decimal(buyer.get_account().buying_power), lambda power: power == 60000)
    check("a cancelled order releases its hold", free == 60000, free)
    again = refusal(buyer.cancel_order_by_id, order.id)
    check("a finished order cannot be cancelled", again is not None and again.status_code == 422, again)
    for price in (80, 81, 82):
        buyer.submit_order(limit(OrderSide.BUY, 1, price))
    buyer.cancel_orders()
    left = eventually(lambda: buyer.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN)), lambda orders: not orders)
    check("all orders can be cancelled at once", left == [], left)


def check_trade(buyer, seller):
    maker = seller.submit_order(limit(OrderSide.SELL, 100, 100))
    status_of(seller, maker, OrderStatus.NEW)
    taker = buyer.submit_order(limit(OrderSide.BUY, 40, 101))
    bought = status_of(buyer, taker, OrderStatus.FILLED)
    check("a crossing order is filled", bought.status == OrderStatus.FILLED and Decimal(bought.filled_qty) == 40, bought)
    check("it trades at the resting price", Decimal(bought.filled_avg_price) == 100, bought.filled_avg_price)
    rest = status_of(seller, maker, OrderStatus.PARTIALLY_FILLED)
    check("the resting order is partly filled", (rest.status, Decimal(rest.filled_qty)) == (OrderStatus.PARTIALLY_FILLED, 40), rest)
    check("the buyer has the shares", Decimal(buyer.get_open_position(SYMBOL).qty) == 40)
    check("the seller gave them", Decimal(seller.get_open_position(SYMBOL).qty) == 360)
    check("the buyer paid", Decimal(buyer.get_account().cash) == 56000, buyer.get_account().cash)
    check("the seller was paid", Decimal(seller.get_account().cash) == 14000, seller.get_account().cash)
    listed = buyer.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=1))
    check("the newest order is listed first", [o.id for o in listed] == [taker.id], listed)
    check("positions are listed", [p.symbol for p in buyer.get_all_positions()] == [SYMBOL])
    seller.cancel_orders()


def check_refusals(buyer, seller):
    def refused(name, status, code, client, request):
        error = refusal(client.submit_order, request)
        seen = None if error is None else (error.status_code, error.code, error.message)
        check(name, error is not None and seen[:2] == (status, code), seen)

    refused("more than the cash buys is refused", 403, 40310000, buyer, limit(OrderSide.BUY, 1000, 100))
    refused("more than the shares owned is refused", 403, 40310000, seller, limit(OrderSide.SELL, 1000, 100))
    refused("a sub-penny price is refused", 422, 42210000, buyer, limit(OrderSide.BUY, 1, 100.123))
    refused("a quantity of zero is refused", 422, 42210000, buyer, limit(OrderSide.BUY, 0, 100))
    unknown = LimitOrderRequest(symbol="NOSUCH", qty=1, side=OrderSide.BUY, limit_price=1, time_in_force=TimeInForce.DAY)
    refused("an unknown symbol is refused", 422, 42210000, buyer, unknown)
    missing = refusal(buyer.get_order_by_id, uuid.uuid4())
    check("an unknown order is not found", missing is not None and missing.status_code == 404, missing)
    stranger = TradingClient("nobody", "nothing", url_override=URL)
    denied = refusal(stranger.get_account)
    check("a wrong key is not authorised", denied is not None and denied.status_code == 401, denied)


def main():
    operator("instrument", "add", SYMBOL, "--name", f"Acceptance {RUN}", "--reference-price", "100.00")
    buyer = open_account(f"buyer-{RUN}", "60000.00")
    seller = open_account(f"seller-{RUN}", "10000.00", shares=400)
    eventually(lambda: refusal(buyer.get_asset, SYMBOL), lambda error: error is None)
    check_account(buyer, seller)
    order = check_order(buyer)
    check_cancel(buyer, check_replace(buyer, order))
    check_trade(buyer, seller)
    check_refusals(buyer, seller)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed")
    sys.exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
