"""Reads a running system's market data with alpaca-py, and its books and MessagePack with bare WebSockets.

Needs BUTTONWOOD_GATEWAY_URL, DATABASE_URL and REDIS_URL (Scripts/stack writes them) and BUTTONWOOD_BIN. Opens accounts and
symbols of its own. Takes a little over a minute: bars come at a minute's end. Prints a line a check, "ok …" or "FAIL …",
and the totals.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import msgpack
from alpaca.data.enums import DataFeed
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import LimitOrderRequest
from websockets.legacy import client as websockets

from support.harness import URL, check, counts, eventually, letters, operator

STREAM = "ws" + URL.removeprefix("http") + "/v2/iex"
RUN = letters(4)
ONE, TWO = "M" + RUN, "N" + RUN


class Account:
    def __init__(self, name, cash, shares=0):
        made = json.loads(operator("account", "create", "--name", name, "--cash", cash, "--json"))
        self.key, self.secret = made["key_id"], made["secret"]
        for symbol in (ONE, TWO) if shares else ():
            operator("account", "grant", str(made["account_id"]), symbol, str(shares))
        self.trading = TradingClient(self.key, self.secret, url_override=URL)
        self.data = StockHistoricalDataClient(self.key, self.secret, url_override=URL)

    def order(self, side, quantity, price, symbol=ONE):
        return self.trading.submit_order(
            LimitOrderRequest(symbol=symbol, qty=quantity, side=side, limit_price=price, time_in_force=TimeInForce.DAY))

    def get(self, path, **query):
        request = urllib.request.Request(f"{URL}/v2/stocks/{path}?{urllib.parse.urlencode(query)}")
        request.add_header("APCA-API-KEY-ID", self.key)
        request.add_header("APCA-API-SECRET-KEY", self.secret)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer, parse_float=Decimal)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def checksum(bids, asks):
    """As the documentation has it: the best ten of each side."""
    def side(levels):
        return ",".join(f"{price.normalize():f}:{size}" for price, size in levels[:10])

    return zlib.crc32(f"{side(bids)};{side(asks)}".encode())


def levels(entries):
    return [(Decimal(str(level["p"])), int(level["s"])) for level in entries]


class Book:
    """A copy of a book made of the stream's messages."""

    def __init__(self):
        self.bids, self.asks, self.sequence, self.faults, self.changes = {}, {}, None, [], 0

    def take(self, message):
        if message.get("r"):
            self.bids, self.asks = {}, {}
        elif message["previous"] != self.sequence:
            self.faults.append(f"{message['previous']} does not follow {self.sequence}")
        else:
            self.changes += 1
        for side, entries in ((self.bids, message["b"]), (self.asks, message["a"])):
            for price, size in levels(entries):
                side[price] = size
                if size == 0:
                    del side[price]
        self.sequence = message["sequence"]
        if checksum(*self.sides()) != message["checksum"]:
            self.faults.append(f"checksum at {self.sequence}")

    def sides(self):
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())


def check_rest(buyer, began):
    data, now = buyer.data, datetime.now(timezone.utc)
    span = {"start": began - timedelta(minutes=1), "end": now + timedelta(minutes=1)}
    trades = data.get_stock_trades(StockTradesRequest(symbol_or_symbols=[ONE, TWO], **span))
    check("trades are listed in order", [t.price for t in trades[ONE]] == [100, 100.5, 101] and trades[ONE][2].size == 5, trades)
    check("trades of other symbols stand under theirs", [t.price for t in trades[TWO]] == [50], trades)
    check("trades have whole numbers as ids", len({t.id for t in trades[ONE]}) == 3, trades)
    seen, token = [], None
    while True:
        query = {"symbols": f"{TWO},{ONE}", "limit": 1, "start": span["start"].isoformat(), "sort": "desc"}
        _, page = buyer.get("trades", **query, **({"page_token": token} if token else {}))
        seen += [(s, t["i"]) for s, rows in page["trades"].items() for t in rows]
        token = page["next_page_token"]
        if token is None or len(seen) > 10:
            break
    check("pages of one bring every trade once", len(seen) == 4 and len(set(seen)) == 4, seen)
    latest = data.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=ONE))
    check("the latest trade is the last", latest[ONE].price == 101, latest)
    quote = eventually(lambda: data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=ONE))[ONE], lambda q: q.bid_price == 99)
    check("the latest quote is the best of both sides", (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size) == (99, 7, 101, 15), quote)
    bar = data.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=TWO))[TWO]
    check("the latest bar is the minute's", (bar.open, bar.volume, bar.trade_count) == (50, 10, 1), bar)
    days = data.get_stock_bars(StockBarsRequest(symbol_or_symbols=[ONE], timeframe=TimeFrame.Day, start=began - timedelta(days=2), end=span["end"]))
    day = days[ONE][-1]
    check("a day's bar sums its trades up", sum(b.volume for b in days[ONE]) == 25 and day.close == 101 and day.high == 101, days)
    hours = data.get_stock_bars(StockBarsRequest(symbol_or_symbols=ONE, timeframe=TimeFrame(4, TimeFrameUnit.Hour), **{**span, "start": began - timedelta(hours=5)}))
    check("bars of hours do too", sum(b.trade_count for b in hours[ONE]) == 3, hours)
    snapshot = data.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=[ONE, TWO]))
    check("a snapshot has the latest of everything", snapshot[ONE].latest_trade.price == 101 and snapshot[ONE].latest_quote.ask_price == 101 and snapshot[TWO].daily_bar.volume == 10, snapshot)
    quotes = eventually(
        lambda: data.get_stock_quotes(StockQuotesRequest(symbol_or_symbols=ONE, **span)).data.get(ONE, []),
        lambda found: found and found[-1].bid_price == 99)
    check("the history of quotes ends with the latest", quotes and (quotes[-1].bid_price, quotes[-1].ask_price) == (99, 101), quotes)
    check("quotes come in order", [q.timestamp for q in quotes] == sorted(q.timestamp for q in quotes))
    status, answer = buyer.get("bars", symbols=ONE, timeframe="7Day")
    check("an unknown length of bars is refused", status == 400 and answer["message"] == "invalid timeframe: 7Day", answer)
    check("exchanges and conditions have meanings", buyer.get("meta/exchanges") == (200, {"E": "Buttonwood"}) and buyer.get("meta/conditions/trade")[0] == 200)


def check_depth(buyer):
    _, depth = buyer.get(f"{ONE}/depth")
    bids, asks = levels(depth["b"]), levels(depth["a"])
    check("a book has every level, best first", bids == [(99, 7), (98, 3)] and asks == [(101, 15), (102, 4)], depth)
    check("its checksum can be computed from it", checksum(bids, asks) == depth["checksum"], depth)
    _, book = buyer.get(f"{ONE}/orderbook", levels=1)
    check("the same in the form of an order book", levels(book["orderbook"]["b"]) == [(99, 7)], book)
    command = ["redis-cli", "-u", os.environ["REDIS_URL"], "FLUSHALL"]
    subprocess.run(command, check=True, capture_output=True)
    _, cold = buyer.get(f"{ONE}/depth")
    check("with an empty Redis the book is the same", (levels(cold["b"]), levels(cold["a"])) == (bids, asks), cold)
    _, quote = buyer.get("quotes/latest", symbols=ONE)
    check("and so is the latest quote", quote["quotes"][ONE]["bp"] == 99, quote)


class Following:
    """alpaca-py's stream in a thread of its own."""

    def __init__(self, account):
        self.got = {"trades": [], "quotes": [], "bars": [], "daily": []}
        self.stream = StockDataStream(account.key, account.secret, feed=DataFeed.IEX, url_override=STREAM)

        def keeper(name):
            async def keep(message):
                self.got[name].append(message)

            return keep

        self.stream.subscribe_trades(keeper("trades"), ONE)
        self.stream.subscribe_quotes(keeper("quotes"), ONE)
        self.stream.subscribe_bars(keeper("bars"), "*")
        self.stream.subscribe_daily_bars(keeper("daily"), ONE)
        self.thread = threading.Thread(target=self.stream.run, daemon=True)
        self.thread.start()
        eventually(lambda: self.stream._running, bool)

    def stop(self):
        self.stream.stop()
        self.thread.join(20)


async def converse(account, as_msgpack, headers=None):
    """A bare client; returns the socket and how to talk over it."""
    head = dict(headers or {})
    if as_msgpack:
        head["Content-Type"] = "application/msgpack"
    socket = await websockets.connect(STREAM, extra_headers=head)

    async def receive():
        message = await asyncio.wait_for(socket.recv(), 15)
        if as_msgpack:
            return msgpack.unpackb(message)
        check_text.append(isinstance(message, str))
        return json.loads(message, parse_float=Decimal)

    async def send(message):
        # In two frames, the second empty, as alpaca-py sends them.
        await socket.send([msgpack.packb(message), b""] if as_msgpack else [json.dumps(message), ""])

    return socket, send, receive


check_text = []


async def check_raw(buyer, seller, as_msgpack):
    name = "MessagePack" if as_msgpack else "JSON"
    socket, send, receive = await converse(buyer, as_msgpack)
    check(f"{name}: the greeting comes at once", await receive() == [{"T": "success", "msg": "connected"}])
    await send({"action": "subscribe", "trades": [ONE]})
    check(f"{name}: nobody subscribes before authenticating", (await receive())[0]["code"] == 401)
    await send({"action": "auth", "key": buyer.key, "secret": "wrong"})
    check(f"{name}: a wrong secret is refused", (await receive())[0]["code"] == 402)
    await send({"action": "auth", "key": buyer.key, "secret": buyer.secret})
    check(f"{name}: the right one is not", await receive() == [{"T": "success", "msg": "authenticated"}])
    await send({"action": "subscribe", "depth": [ONE], "trades": [ONE]})
    answer = await receive()
    check(f"{name}: subscriptions are answered whole", answer[0]["T"] == "subscription" and answer[0]["depth"] == [ONE] and answer[0]["trades"] == [ONE], answer)
    book, trades, first = Book(), [], None
    orders = [seller.order(OrderSide.SELL, 3, 103 + n) for n in range(3)]
    buyer.order(OrderSide.BUY, 4, 103)
    seller.trading.cancel_order_by_id(orders[2].id)
    await send({"action": "nonsense"})
    fault = None
    depth = await asyncio.to_thread(
        eventually, lambda: buyer.get(f"{ONE}/depth")[1],
        lambda seen: [int(level["p"]) for level in seen["a"]] == [101, 102, 103, 104])
    while book.sequence is None or book.sequence < depth["sequence"] or not trades or fault is None:
        for message in await receive():
            first = first or list(message)[0]
            if message["T"] == "o":
                book.take(message)
            elif message["T"] == "t":
                trades.append(message)
            elif message["T"] == "error":
                fault = message["code"]
    check(f"{name}: T is the first member", first == "T", first)
    check(f"{name}: what cannot be read is an error, and the stream goes on", fault == 400, fault)
    check(f"{name}: a copy follows without a fault", not book.faults and book.changes > 0, book.faults)
    check(f"{name}: and is the book", book.sides() == (levels(depth["b"]), levels(depth["a"])), (book.sides(), depth))
    if as_msgpack:
        moment = trades[0]["t"]
        check("MessagePack: times are timestamps", isinstance(moment, msgpack.Timestamp) and abs(moment.to_unix() - time.time()) < 60, moment)
    else:
        check("JSON: times have nine digits", len(trades[0]["t"]) == len("2026-01-05T15:00:00.000000000Z"), trades)
        check("JSON: it comes as text", all(check_text))
    await send({"action": "unsubscribe", "depth": [ONE], "trades": [ONE]})
    for order in orders[:2]:
        seller.trading.cancel_order_by_id(order.id)
    await socket.close()


async def check_head(buyer):
    head = {"APCA-API-KEY-ID": buyer.key, "APCA-API-SECRET-KEY": buyer.secret}
    socket, _, receive = await converse(buyer, False, head)
    said = [await receive(), await receive()]
    check("credentials in the head authenticate at once", [m[0]["msg"] for m in said] == ["connected", "authenticated"], said)
    await socket.close()


def main():
    for symbol in (ONE, TWO):
        operator("instrument", "add", symbol, "--name", f"Market data {symbol}", "--exchange", "NASDAQ", "--reference-price", "100.00")
    buyer, seller = Account(f"reader-{RUN}", "100000.00"), Account(f"writer-{RUN}", "1000.00", shares=1000)
    eventually(lambda: {a.symbol for a in buyer.trading.get_all_assets()}, lambda seen: {ONE, TWO} <= seen)
    began = datetime.now(timezone.utc)
    following = Following(buyer)
    time.sleep(0.5)
    for price, quantity in ((100, 10), (100.5, 10), (101, 20)):
        seller.order(OrderSide.SELL, quantity, price)
    for price, quantity in ((100, 10), (100.5, 10), (101, 5)):
        buyer.order(OrderSide.BUY, quantity, price)
    seller.order(OrderSide.SELL, 10, 50, TWO)
    buyer.order(OrderSide.BUY, 10, 50, TWO)
    seller.order(OrderSide.SELL, 4, 102)
    for price, quantity in ((99, 7), (98, 3)):
        buyer.order(OrderSide.BUY, quantity, price)
    trades = eventually(lambda: following.got["trades"], lambda seen: len(seen) >= 3)
    check("the stream brings each trade once, in order", [(t.price, t.size) for t in trades] == [(100, 10), (100.5, 10), (101, 5)], trades)
    quotes = eventually(lambda: following.got["quotes"], lambda seen: seen and seen[-1].bid_price == 99)
    check("the stream brings quotes", quotes and (quotes[-1].bid_price, quotes[-1].ask_price) == (99, 101), quotes)
    eventually(lambda: buyer.get(f"{ONE}/depth")[1], lambda depth: len(depth["b"]) == 2 and len(depth["a"]) == 2)
    check_rest(buyer, began)
    check_depth(buyer)
    asyncio.run(check_head(buyer))
    bars = eventually(lambda: [b for b in following.got["bars"] if b.symbol in (ONE, TWO)], lambda seen: len({b.symbol for b in seen}) == 2, 70)
    check("bars come at a minute's end", {b.symbol for b in bars} == {ONE, TWO}, following.got)
    days = eventually(lambda: following.got["daily"], bool)
    check("and the day's with them", days and days[-1].close == 101, days)
    following.stop()
    asyncio.run(check_raw(buyer, seller, as_msgpack=False))
    asyncio.run(check_raw(buyer, seller, as_msgpack=True))
    print(f"{counts['ok']} passed, {counts['FAIL']} failed")
    sys.exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
