"""Places stops, trailing stops, brackets, OCO and OTO orders through alpaca-py against a running system.

Needs what alpaca_sdk.py needs, and opens accounts and a symbol of its own in the same way. Prints a line a check, "ok …" or
"FAIL …", and the totals.
"""

import json
import subprocess
import sys
import uuid
from decimal import Decimal

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, OrderType, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from support.harness import BINARY, URL, check, counts, eventually, operator

RUN = uuid.uuid4().hex[:6]
SYMBOL = "C" + "".join(chr(ord("A") + int(digit, 16)) for digit in RUN[:5])
BUY, SELL, GTC = OrderSide.BUY, OrderSide.SELL, TimeInForce.GTC


def open_account(name, cash, shares=0):
    account = json.loads(operator("account", "create", "--name", name, "--cash", cash, "--json"))
    if shares:
        operator("account", "grant", str(account["account_id"]), SYMBOL, str(shares))
    return TradingClient(account["key_id"], account["secret"], url_override=URL)


def refusal(action, *words):
    try:
        action(*words)
    except APIError as error:
        return error
    return None


def reaches(client, order, status):
    seen = eventually(lambda: client.get_order_by_id(order.id), lambda now: now.status == status)
    return seen if seen.status == status else None


def limit(side, quantity, price, **more):
    return LimitOrderRequest(symbol=SYMBOL, qty=quantity, side=side, limit_price=price, time_in_force=GTC, **more)


class Floor:
    """The trader whose orders are looked at, and a market maker who moves the price."""

    def __init__(self):
        self.trader = open_account(f"trader-{RUN}", "200000.00", shares=1000)
        self.maker = open_account(f"maker-{RUN}", "2000000.00", shares=100000)
        self.taker = open_account(f"taker-{RUN}", "2000000.00", shares=100000)

    def trade(self, price):
        """One share at a price."""
        order = self.maker.submit_order(limit(SELL, 1, price))
        eventually(lambda: self.maker.get_order_by_id(order.id), lambda now: now.status == OrderStatus.NEW)
        self.taker.submit_order(limit(BUY, 1, price))
        reaches(self.maker, order, OrderStatus.FILLED)

    def bid(self, price, quantity=500):
        order = self.maker.submit_order(limit(BUY, quantity, price))
        reaches(self.maker, order, OrderStatus.NEW)
        return order

    def ask(self, price, quantity=500):
        order = self.maker.submit_order(limit(SELL, quantity, price))
        reaches(self.maker, order, OrderStatus.NEW)
        return order

    def clear(self):
        for client in (self.trader, self.maker, self.taker):
            client.cancel_orders()
            eventually(lambda: client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN)), lambda left: not left)

    def held(self):
        return Decimal(self.trader.get_open_position(SYMBOL).qty) - Decimal(
            self.trader.get_open_position(SYMBOL).qty_available
        )


def check_stops(floor):
    floor.trade(100)
    sell = floor.trader.submit_order(
        StopOrderRequest(symbol=SYMBOL, qty=10, side=SELL, stop_price=95, time_in_force=GTC))
    check("a stop order is answered as one", sell.type == OrderType.STOP and sell.limit_price is None
          and Decimal(sell.stop_price) == 95, sell)
    check("a stop waits as new", reaches(floor.trader, sell, OrderStatus.NEW) is not None)
    check("a sell stop holds its shares", floor.held() == 10, floor.held())
    stop_limit = floor.trader.submit_order(
        StopLimitOrderRequest(symbol=SYMBOL, qty=5, side=SELL, stop_price=95, limit_price=94.5, time_in_force=GTC))
    check("a stop-limit order has both prices", (Decimal(stop_limit.stop_price), Decimal(stop_limit.limit_price)) ==
          (Decimal(95), Decimal("94.5")), stop_limit)
    reaches(floor.trader, stop_limit, OrderStatus.NEW)
    floor.bid(94, 10)
    floor.trade(95)
    filled = reaches(floor.trader, sell, OrderStatus.FILLED)
    check("the stop fires and sells at the market", filled is not None and Decimal(filled.filled_avg_price) == 94, filled)
    resting = floor.trader.get_order_by_id(stop_limit.id)
    check("the stop-limit fires and rests at its limit", resting.status == OrderStatus.NEW, resting)
    taker = floor.taker.submit_order(limit(BUY, 5, 94.5))
    check("it is in the book", reaches(floor.trader, stop_limit, OrderStatus.FILLED) is not None, taker)
    buy = floor.trader.submit_order(
        StopOrderRequest(symbol=SYMBOL, qty=3, side=BUY, stop_price=90, time_in_force=GTC))
    check("a stop that is reached already fires at once", reaches(floor.trader, buy, OrderStatus.CANCELED) is not None)
    waiting = floor.trader.submit_order(
        StopOrderRequest(symbol=SYMBOL, qty=3, side=BUY, stop_price=110, time_in_force=GTC))
    reaches(floor.trader, waiting, OrderStatus.NEW)
    moved = floor.trader.replace_order_by_id(waiting.id, ReplaceOrderRequest(stop_price=112, qty=4))
    check("a stop can be replaced", Decimal(moved.stop_price) == 112 and Decimal(moved.qty) == 4, moved)
    check("the new one waits", reaches(floor.trader, moved, OrderStatus.NEW) is not None)
    floor.trader.cancel_order_by_id(moved.id)
    check("a waiting stop can be cancelled", reaches(floor.trader, moved, OrderStatus.CANCELED) is not None)
    floor.clear()
    check("nothing stays held", floor.held() == 0, floor.held())


def check_trailing(floor):
    floor.trade(100)
    by_price = floor.trader.submit_order(
        TrailingStopOrderRequest(symbol=SYMBOL, qty=10, side=SELL, trail_price=2, time_in_force=GTC))
    seen = reaches(floor.trader, by_price, OrderStatus.NEW)
    check("a trailing stop begins below the last price", seen is not None and
          (Decimal(seen.hwm), Decimal(seen.stop_price), Decimal(seen.trail_price)) == (100, 98, 2), seen)
    by_percent = floor.trader.submit_order(
        TrailingStopOrderRequest(symbol=SYMBOL, qty=10, side=SELL, trail_percent=1.5, time_in_force=GTC))
    reaches(floor.trader, by_percent, OrderStatus.NEW)
    floor.trade(110)
    seen = eventually(lambda: floor.trader.get_order_by_id(by_price.id), lambda now: Decimal(now.stop_price) == 108)
    check("it follows the market", (Decimal(seen.hwm), Decimal(seen.stop_price)) == (110, 108), seen)
    seen = floor.trader.get_order_by_id(by_percent.id)
    check("so does one in percent, on the grid", Decimal(seen.stop_price) == Decimal("108.35"), seen.stop_price)
    changed = floor.trader.replace_order_by_id(by_percent.id, ReplaceOrderRequest(trail=3))
    seen = reaches(floor.trader, changed, OrderStatus.NEW)
    check("its trail can be replaced", seen is not None and Decimal(seen.stop_price) == Decimal("106.7"), seen)
    floor.bid(107.5, 20)
    floor.trade(108)
    check("it fires behind the best price", reaches(floor.trader, by_price, OrderStatus.FILLED) is not None)
    check("the wider one waits on", floor.trader.get_order_by_id(changed.id).status == OrderStatus.NEW)
    floor.clear()


def check_bracket(floor):
    floor.trade(100)
    request = limit(BUY, 10, 100, order_class=OrderClass.BRACKET, take_profit=TakeProfitRequest(limit_price=110),
                    stop_loss=StopLossRequest(stop_price=95, limit_price=94))
    before = floor.held()
    order = floor.trader.submit_order(request)
    check("a bracket has two legs", order.order_class == OrderClass.BRACKET and len(order.legs or []) == 2, order)
    check("the legs are held", [leg.status.value for leg in order.legs] == ["held", "held"], order.legs)
    reaches(floor.trader, order, OrderStatus.NEW)
    nested = floor.trader.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, nested=True))
    flat = floor.trader.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN))
    check("nested lists show legs below", [(o.id, len(o.legs or [])) for o in nested] == [(order.id, 2)], nested)
    check("other lists show them beside", len(flat) == 3 and all(o.legs is None for o in flat), flat)
    floor.taker.submit_order(limit(SELL, 10, 100))
    reaches(floor.trader, order, OrderStatus.FILLED)
    profit, loss = order.legs
    check("the legs go live", reaches(floor.trader, profit, OrderStatus.NEW) is not None
          and reaches(floor.trader, loss, OrderStatus.NEW) is not None)
    check("the exits hold their shares once", floor.held() - before == 10, floor.held())
    floor.taker.submit_order(limit(BUY, 4, 110))
    reaches(floor.trader, profit, OrderStatus.PARTIALLY_FILLED)
    rest = floor.trader.get_order_by_id(loss.id)
    check("the stop-loss shrinks with the take-profit", Decimal(rest.qty) == 6, rest)
    moved = floor.trader.replace_order_by_id(loss.id, ReplaceOrderRequest(stop_price=96, limit_price=95))
    check("the stop-loss can be moved", reaches(floor.trader, moved, OrderStatus.NEW) is not None)
    refused = refusal(floor.trader.replace_order_by_id, moved.id, ReplaceOrderRequest(qty=3))
    check("its quantity cannot", refused is not None and refused.status_code == 422, refused)
    shown = floor.trader.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
    check("the parent shows the new leg", [leg.id for leg in shown.legs] == [profit.id, moved.id], shown.legs)
    floor.taker.submit_order(limit(BUY, 6, 110))
    check("the take-profit is filled", reaches(floor.trader, profit, OrderStatus.FILLED) is not None)
    check("the stop-loss is cancelled", reaches(floor.trader, moved, OrderStatus.CANCELED) is not None)
    floor.clear()
    check("nothing stays held", floor.held() == 0, floor.held())
    unfilled = floor.trader.submit_order(
        MarketOrderRequest(symbol=SYMBOL, qty=5, side=BUY, time_in_force=GTC, order_class=OrderClass.BRACKET,
                           take_profit=TakeProfitRequest(limit_price=130), stop_loss=StopLossRequest(stop_price=90)))
    check("an entry that finds nothing ends", reaches(floor.trader, unfilled, OrderStatus.CANCELED) is not None)
    check("its legs end with it", all(reaches(floor.trader, leg, OrderStatus.CANCELED) for leg in unfilled.legs))


def check_oco_and_oto(floor):
    floor.trade(100)
    oco = floor.trader.submit_order(
        limit(SELL, 20, 120, order_class=OrderClass.OCO, take_profit=TakeProfitRequest(limit_price=120),
              stop_loss=StopLossRequest(stop_price=90)))
    check("an OCO has its stop-loss as a leg", oco.order_class == OrderClass.OCO and len(oco.legs or []) == 1, oco)
    reaches(floor.trader, oco, OrderStatus.NEW)
    check("both hold the shares once", floor.held() == 20, floor.held())
    floor.bid(89, 20)
    floor.trade(90)
    check("the stop-loss fires", reaches(floor.trader, oco.legs[0], OrderStatus.FILLED) is not None)
    check("the other is cancelled", reaches(floor.trader, oco, OrderStatus.CANCELED) is not None)
    floor.clear()
    oto = floor.trader.submit_order(
        limit(BUY, 5, 91, order_class=OrderClass.OTO, stop_loss=StopLossRequest(stop_price=80)))
    check("an OTO has one leg", len(oto.legs or []) == 1, oto)
    reaches(floor.trader, oto, OrderStatus.NEW)
    floor.trader.cancel_order_by_id(oto.legs[0].id)
    check("cancelling a leg cancels the entry", reaches(floor.trader, oto, OrderStatus.CANCELED) is not None)
    floor.clear()


def check_refusals(floor):
    def refused(name, words, request):
        error = refusal(floor.trader.submit_order, request)
        check(name, error is not None and error.status_code == 422 and words in error.message,
              error and (error.status_code, error.message))

    exits = dict(take_profit=TakeProfitRequest(limit_price=110), stop_loss=StopLossRequest(stop_price=95))
    refused("a bracket's exits stand on their sides", "take_profit.limit_price must be > stop_loss.stop_price",
            limit(BUY, 1, 100, order_class=OrderClass.BRACKET, take_profit=TakeProfitRequest(limit_price=90),
                  stop_loss=StopLossRequest(stop_price=95)))
    refused("a bracket is day or gtc", "day or gtc",
            LimitOrderRequest(symbol=SYMBOL, qty=1, side=BUY, limit_price=100, time_in_force=TimeInForce.IOC,
                              order_class=OrderClass.BRACKET, **exits))
    refused("a trail has at most two decimals of a percent", "at most 2 decimals",
            TrailingStopOrderRequest(symbol=SYMBOL, qty=1, side=SELL, trail_percent=1.005, time_in_force=GTC))


def main():
    operator("instrument", "add", SYMBOL, "--name", f"Orders {RUN}", "--reference-price", "100.00")
    floor = Floor()
    eventually(lambda: refusal(floor.trader.get_asset, SYMBOL), lambda error: error is None)
    check_stops(floor)
    check_trailing(floor)
    check_bracket(floor)
    check_oco_and_oto(floor)
    check_refusals(floor)
    audit = subprocess.run([BINARY, "audit", "--replay"], capture_output=True, text=True)
    check("the audit finds nothing", audit.returncode == 0, audit.stdout[-600:])
    print(f"{counts['ok']} passed, {counts['FAIL']} failed")
    sys.exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
