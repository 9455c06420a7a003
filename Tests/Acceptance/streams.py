"""Follows an account's events as clients do: alpaca-py's TradingStream, raw WebSockets and server-sent events.

Needs BUTTONWOOD_GATEWAY_URL and BUTTONWOOD_STREAM_URL (Scripts/stack writes them) and BUTTONWOOD_BIN. Opens its own
accounts in a symbol of its own. Prints a line a check, "ok …" or "FAIL …", and the totals.
"""

import asyncio
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

import websockets
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, TimeInForce
from alpaca.trading.models import TradeUpdate
from alpaca.trading.requests import LimitOrderRequest, ReplaceOrderRequest, StopLossRequest, TakeProfitRequest
from alpaca.trading.stream import TradingStream

from support.harness import URL, check, counts, letters, operator

STREAM = os.environ["BUTTONWOOD_STREAM_URL"]
SYMBOL = "W" + letters(4)


def open_account(name, cash, shares=0):
    account = json.loads(operator("account", "create", "--name", name, "--cash", cash, "--json"))
    if shares:
        operator("account", "grant", str(account["account_id"]), SYMBOL, str(shares))
    return account


def client_of(account):
    return TradingClient(account["key_id"], account["secret"], url_override=URL)


def limit(side, quantity, price):
    return LimitOrderRequest(
        symbol=SYMBOL, qty=quantity, side=side, limit_price=price, time_in_force=TimeInForce.DAY)


def until(holds, seconds=15):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


class Follower:
    """alpaca-py's stream on a thread of its own."""

    def __init__(self, account):
        self.updates = []
        self.stream = TradingStream(account["key_id"], account["secret"], url_override=STREAM)
        self.stream.subscribe_trade_updates(self.take)
        threading.Thread(target=self.stream.run, daemon=True).start()
        until(lambda: self.stream._running)
        # The library does not say when the server has taken its wish.
        time.sleep(0.5)

    async def take(self, update):
        self.updates.append(update)

    def names(self):
        return [str(update.event.value if hasattr(update.event, "value") else update.event) for update in self.updates]


def check_alpaca_py(buyer_account, seller_account):
    buyer, seller = client_of(buyer_account), client_of(seller_account)
    followers = [Follower(buyer_account), Follower(buyer_account)]
    other = Follower(seller_account)

    resting = buyer.submit_order(limit(OrderSide.BUY, 10, 50))
    until(lambda: len(followers[0].updates) >= 1)
    seller.submit_order(limit(OrderSide.SELL, 4, 50))
    until(lambda: len(followers[0].updates) >= 2)
    replaced = buyer.replace_order_by_id(resting.id, ReplaceOrderRequest(qty=12, limit_price=51))
    until(lambda: len(followers[0].updates) >= 4)
    seller.submit_order(limit(OrderSide.SELL, 8, 51))
    until(lambda: len(followers[0].updates) >= 5)
    lone = buyer.submit_order(limit(OrderSide.BUY, 1, 40))
    until(lambda: len(followers[0].updates) >= 6)
    buyer.cancel_order_by_id(lone.id)
    until(lambda: len(followers[0].updates) >= 7)
    wanted = ["new", "partial_fill", "replaced", "new", "fill", "new", "canceled"]
    for number, follower in enumerate(followers):
        until(lambda: len(follower.updates) >= len(wanted))
        check(f"connection {number + 1} of a key sees every event in order", follower.names() == wanted,
              follower.names())
    check("updates are alpaca-py's TradeUpdate", all(isinstance(u, TradeUpdate) for u in followers[0].updates))
    if followers[0].names() != wanted:
        return
    new, partial, old, fresh, fill, _, canceled = followers[0].updates
    check("a new order is shown as it was then", new.order.status.value == "new" and str(new.order.filled_qty) == "0",
          new)
    check("an execution tells its own price and quantity", (partial.price, partial.qty) == (50, 4), partial)
    check("an execution has an identifier", partial.execution_id is not None and partial.execution_id != fill.execution_id)
    check("positions grow with executions", (partial.position_qty, fill.position_qty) == (4, 12), fill.position_qty)
    check("the order is shown as after the event",
          partial.order.status.value == "partially_filled" and str(partial.order.filled_qty) == "4", partial.order)
    check("the replaced order names its successor",
          old.order.id == resting.id and old.order.status.value == "replaced" and old.order.replaced_by == replaced.id,
          old.order)
    check("the replacement carries on", fresh.order.id == replaced.id and str(fresh.order.filled_qty) == "4", fresh.order)
    check("the average price is over all executions",
          fill.order.status.value == "filled" and abs(float(fill.order.filled_avg_price) - 608 / 12) < 1e-6,
          fill.order.filled_avg_price)
    check("filled_at is set by the last share", fill.order.filled_at is not None and partial.order.filled_at is None)
    check("a cancelled order says when", canceled.order.status.value == "canceled" and canceled.order.canceled_at is not None)
    check("timestamps ascend", all(a.timestamp < b.timestamp for a, b in zip(followers[0].updates, followers[0].updates[1:])))
    until(lambda: len(other.updates) >= 4)
    check("the other side sees its own", other.names() == ["new", "fill", "new", "fill"], other.names())
    check("each side has an execution of its own", other.updates[1].execution_id != partial.execution_id)
    for follower in followers + [other]:
        follower.stream.stop()


async def receive(socket):
    return json.loads(await asyncio.wait_for(socket.recv(), 15))


async def check_protocol(account):
    credentials = {"key_id": account["key_id"], "secret_key": account["secret"]}
    for path in ("", "/"):
        async with websockets.connect(STREAM + path) as socket:
            await socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
            answer = await receive(socket)
            check(f"/stream{path}: listening before authentication is unauthorized",
                  answer == {"stream": "authorization", "data": {"status": "unauthorized", "action": "listen"}}, answer)
            await socket.send(json.dumps({"action": "authenticate", "data": credentials}).encode())
            answer = await receive(socket)
            check(f"/stream{path}: authenticates, in a binary frame",
                  answer == {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}},
                  answer)
            await socket.send(['{"action":"listen","data":{"streams":', '["trade_updates","more"]}}', ""])
            answer = await receive(socket)
            check(f"/stream{path}: listens, in fragments, to what there is",
                  answer == {"stream": "listening", "data": {"streams": ["trade_updates"]}}, answer)
            pong = await socket.ping()
            await asyncio.wait_for(pong, 15)
            check(f"/stream{path}: answers a ping", True)
    async with websockets.connect(STREAM) as socket:
        await socket.send(json.dumps({"action": "auth", "key": account["key_id"], "secret": account["secret"]}))
        answer = await receive(socket)
        check("the newer form authenticates", answer["data"]["status"] == "authorized", answer)
    async with websockets.connect(STREAM) as socket:
        await socket.send(json.dumps({"action": "auth", "key": account["key_id"], "secret": "wrong"}))
        answer = await receive(socket)
        check("a wrong secret is unauthorized", answer["data"]["status"] == "unauthorized", answer)
        try:
            await receive(socket)
            check("and closed", False)
        except websockets.ConnectionClosed as closed:
            check("and closed", closed.rcvd is not None and closed.rcvd.code == 1008, closed)


class Lines:
    """Server-sent events, without a library."""

    def __init__(self, account, query="", last=None):
        parts = urlsplit(URL)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=15)
        headers = {"APCA-API-KEY-ID": account["key_id"], "APCA-API-SECRET-KEY": account["secret"]}
        if last:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", "/v2/events/trades" + query, headers=headers)
        self.answer = self.connection.getresponse()

    def next(self):
        event = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and "data" in event:
                return event
            if line.startswith("id: "):
                event["id"] = line[4:]
            if line.startswith("data: "):
                event["data"] = json.loads(line[6:])

    def close(self):
        self.connection.close()


def check_lines(account):
    client = client_of(account)
    all_events = Lines(account, "?since=2020-01-01")
    check("the answer is an event stream", all_events.answer.getheader("Content-Type") == "text/event-stream")
    seen = [all_events.next() for _ in range(7)]
    check("history comes first",
          [e["data"]["event"] for e in seen] == ["new", "partial_fill", "replaced", "new", "fill", "new", "canceled"],
          [e["data"]["event"] for e in seen])
    check("events name themselves", all(e["id"] == e["data"]["event_id"] and len(e["id"]) == 26 for e in seen))
    check("names ascend", [e["id"] for e in seen] == sorted({e["id"] for e in seen}))
    check("events name the account", seen[0]["data"]["account_id"] == str(client.get_account().id))
    client.submit_order(limit(OrderSide.BUY, 1, 41))
    live = all_events.next()
    check("news follow history", live["data"]["event"] == "new" and live["id"] > seen[-1]["id"], live)
    all_events.close()
    for name, lines in (("since_id", Lines(account, "?since_id=" + seen[2]["id"])),
                        ("Last-Event-ID", Lines(account, "?since=2020-01-01", last=seen[2]["id"]))):
        resumed = [lines.next()["id"] for _ in range(5)]
        check(f"{name} goes on behind the event", resumed == [e["id"] for e in seen[3:]] + [live["id"]], resumed)
        lines.close()
    bounded = Lines(account, f"?since_id={seen[0]['id']}&until_id={seen[3]['id']}")
    rest = bounded.answer.read().decode()
    check("until_id ends the stream", [line[4:] for line in rest.split("\n") if line.startswith("id: ")]
          == [e["id"] for e in seen[1:4]], rest)
    alias = http.client.HTTPConnection(urlsplit(URL).hostname, urlsplit(URL).port, timeout=15)
    alias.request("GET", "/v1/events/trades?since=x")
    check("strangers are unauthorized", alias.getresponse().status == 401)


# What the C# library knows: it ends over any other. The other lists are longer, or are none.
KNOWN = {
    "new", "partial_fill", "fill", "done_for_day", "canceled", "pending_cancel", "stopped", "rejected", "suspended",
    "pending_new", "calculated", "expired", "order_cancel_rejected", "replaced", "pending_replace",
    "order_replace_rejected", "partially_filled", "accepted", "held", "pending_review",
}


def check_classes(buyer_account, seller_account):
    """Legs that wait, a sibling that shrinks, a stop that fires, and cancels of whole classes."""
    buyer, seller = client_of(buyer_account), client_of(seller_account)
    follower, lines = Follower(buyer_account), Lines(buyer_account)

    def bracket():
        return buyer.submit_order(LimitOrderRequest(
            symbol=SYMBOL, qty=4, side=OrderSide.BUY, limit_price=60, time_in_force=TimeInForce.DAY,
            order_class=OrderClass.BRACKET, take_profit=TakeProfitRequest(limit_price=70),
            stop_loss=StopLossRequest(stop_price=55)))

    def status(order):
        return buyer.get_order_by_id(order.id).status.value

    order = bracket()
    profit, loss = order.legs
    until(lambda: status(order) == "new")
    flat = client_of(buyer_account).get("/orders", {"status": "open"})
    roles = {o["id"]: (o.get("group_id"), o.get("group_role")) for o in flat}
    head = str(order.id)
    check("flat lists name the class and the role", roles.get(head) == (head, "entry")
          and roles.get(str(profit.id)) == (head, "take_profit") and roles.get(str(loss.id)) == (head, "stop_loss"), roles)
    buyer.cancel_orders()
    until(lambda: status(order) == status(profit) == status(loss) == "canceled")
    other = bracket()
    until(lambda: status(other) == "new")
    seller.submit_order(limit(OrderSide.SELL, 4, 60))
    until(lambda: status(other) == "filled" and status(other.legs[0]) == "new")
    seller.submit_order(limit(OrderSide.BUY, 1, 70))
    until(lambda: status(other.legs[0]) == "partially_filled")
    # Somebody else's trade reaches the stop.
    seller.submit_order(limit(OrderSide.BUY, 4, 54))
    client_of(open_account("class other", "1000", 1)).submit_order(limit(OrderSide.SELL, 1, 54))
    until(lambda: status(other.legs[1]) == "filled")
    check("a stop fires and ends its class", (status(other.legs[0]), status(other.legs[1])) == ("canceled", "filled"),
          (status(other.legs[0]), status(other.legs[1])))
    last = str(other.legs[1].id)
    until(lambda: any(str(u.order.id) == last and u.order.status.value == "filled" for u in follower.updates))
    names = follower.names()
    check("WebSockets tell it in words that every library knows", set(names) <= KNOWN, names)
    check("no cancel is called refused that came true", "order_cancel_rejected" not in names, names)
    check("legs that wait are told", names.count("pending_new") == 4, names)
    events = []
    while not (events and events[-1]["order"]["id"] == last and events[-1]["event"] == "fill"):
        events.append(lines.next()["data"])
    told = [event["event"] for event in events]
    check("server-sent events say more", "restated" in told and "accepted" in told, told)
    check("nor there", "order_cancel_rejected" not in told, told)
    check("events name the class", {e["order"].get("group_id") for e in events} == {head, str(other.id)}, told)
    lines.close()
    follower.stream.stop()


def main():
    operator("instrument", "add", SYMBOL, "--name", "Streams", "--reference-price", "50.00")
    buyer, seller = open_account("stream buyer", "100000"), open_account("stream seller", "1000", 100)
    until(lambda: client_of(buyer).get_account() is not None)
    check_alpaca_py(buyer, seller)
    asyncio.run(check_protocol(buyer))
    check_lines(buyer)
    check_classes(open_account("class buyer", "100000"), open_account("class seller", "1000", 100))
    print(f"{counts['ok']} ok, {counts['FAIL']} failed")
    sys.exit(1 if counts["FAIL"] else 0)


main()
