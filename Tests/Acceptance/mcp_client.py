"""A session with alpaca-mcp-server over stdio, as an assistant would have it: unchanged but for its base URLs.

Needs BUTTONWOOD_GATEWAY_URL (Scripts/stack writes it), BUTTONWOOD_BIN and DATABASE_URL, and an environment with the server
(support/requirements). Prints a line a check, "ok …" or "FAIL …", and the totals.
"""

import json
import os
import subprocess
import sys

from support.floor import Floor
from support.harness import URL, check, counts, eventually

# The host for trading is a constant; the one for market data is read from the environment.
SERVER = """
import os
from alpaca_mcp_server import server
server.TRADING_API_BASE_URLS["paper"] = os.environ["DATA_API_URL"]
from alpaca_mcp_server.cli import main
main()
"""


class Assistant:
    """Speaks the Model Context Protocol with the server: a line a message."""

    def __init__(self, party):
        environment = dict(
            os.environ, ALPACA_API_KEY=party.key, ALPACA_SECRET_KEY=party.secret, DATA_API_URL=URL,
            FASTMCP_SHOW_SERVER_BANNER="false")
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.number = 0
        self.ask("initialize", {
            "protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "acceptance", "version": "1"}})
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def say(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, method, parameters):
        self.number += 1
        self.say({"jsonrpc": "2.0", "id": self.number, "method": method, "params": parameters})
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == self.number:
                return message.get("result", message.get("error"))
        raise EOFError(f"the server ended with {self.process.wait()}")

    def use(self, tool, **arguments):
        """What a tool answers."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        content = result.get("structuredContent")
        if content is None:
            return "\n".join(part.get("text", "") for part in result.get("content", []))
        data = content.get("data", content)
        return data["result"] if isinstance(data, dict) and set(data) == {"result"} else data


def main():
    floor = Floor("M", "Assistant")
    assistant = Assistant(floor.client)
    tools = {tool["name"] for tool in assistant.ask("tools/list", {})["tools"]}
    check("the server has its tools", {"get_account_info", "place_stock_order", "get_stock_bars"} <= tools, tools)
    account = assistant.use("get_account_info")
    check("the account is active", account["status"] == "ACTIVE" and account["cash"] == "50000", account)
    check("the market is open", assistant.use("get_clock")["is_open"])
    days = assistant.use("get_calendar", start="2026-11-23", end="2026-11-27")
    check("the calendar knows holidays", [day["date"][-2:] for day in days] == ["23", "24", "25", "27"], days)
    asset = assistant.use("get_asset", symbol_or_asset_id=floor.symbol)
    check("the symbol is an asset", asset["symbol"] == floor.symbol and asset["exchange"], asset)

    order = assistant.use(
        "place_stock_order", symbol=floor.symbol, side="buy", qty="10", type="limit", limit_price="49",
        client_order_id="first")
    check("an order is taken", order.get("status") in ("accepted", "new"), order)
    show = lambda id: assistant.use("get_order_by_id", order_id=id)  # noqa: E731
    eventually(lambda: show(order["id"])["status"], lambda status: status == "new")
    listed = assistant.use("get_orders", status="open", symbols=floor.symbol)
    check("it is listed", [o["id"] for o in listed] == [order["id"]], listed)
    changed = assistant.use("replace_order_by_id", order_id=order["id"], qty="12", limit_price="50")
    check("it is replaced", changed.get("replaces") == order["id"], changed)
    eventually(lambda: show(changed["id"])["status"], lambda status: status == "new")
    floor.meet("sell", 12, 50)
    filled = eventually(lambda: show(changed["id"]), lambda seen: seen["status"] == "filled")
    check("it is filled", filled["filled_avg_price"] == "50", filled)
    positions = assistant.use("get_all_positions")
    check("a position is there", [(p["symbol"], p["qty"]) for p in positions] == [(floor.symbol, "12")], positions)
    fills = assistant.use("get_account_activities_by_type", activity_type="FILL")
    check("the execution is an activity", [(a["order_id"], a["qty"]) for a in fills] == [(changed["id"], "12")], fills)
    history = assistant.use("get_portfolio_history", period="1D", timeframe="15Min")
    check("the account has a history", len(history["equity"]) > 0, history)

    bars = assistant.use("get_stock_bars", symbols=floor.symbol, timeframe="1Min", days=1)
    check("the trade is in a bar", sum(b["v"] for b in bars["bars"][floor.symbol]) == 12, bars)
    floor.meet("buy", 5, 48)
    latest = lambda: assistant.use("get_stock_latest_quote", symbols=floor.symbol)  # noqa: E731
    quote = eventually(latest, lambda seen: seen["quotes"][floor.symbol]["bp"] == 48)
    check("the quote is the book's", quote["quotes"][floor.symbol]["bs"] == 5, quote)
    snapshot = assistant.use("get_stock_snapshot", symbols=floor.symbol)
    check("a snapshot has it all", snapshot[floor.symbol]["latestTrade"]["p"] == 50, snapshot)
    for tool in ["get_most_active_stocks", "get_market_movers", "get_news", "get_corporate_actions"]:
        answer = assistant.use(tool, **({"market_type": "stocks"} if tool == "get_market_movers" else {}))
        check(f"{tool} answers that there is nothing", isinstance(answer, dict) and "error" not in answer, answer)

    bracket = assistant.use(
        "place_stock_order", symbol=floor.symbol, side="buy", qty="2", type="limit", time_in_force="gtc",
        limit_price="40", take_profit_limit_price="60", stop_loss_stop_price="30")
    check("a bracket has legs", [leg["group_role"] for leg in bracket["legs"]] == ["take_profit", "stop_loss"], bracket)
    assistant.use("cancel_all_orders")
    eventually(lambda: assistant.use("get_orders", status="open"), lambda orders: orders == [])
    check("nothing stays open", assistant.use("get_orders", status="open") == [])
    refused = assistant.use("place_stock_order", symbol=floor.symbol, side="buy", qty="1", limit_price="50")
    check("a refusal is told in words", refused["error"]["detail"]["message"].startswith("market orders require"), refused)
    assistant.process.stdin.close()
    check("the server ends with its client", assistant.process.wait(20) == 0)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed")
    sys.exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
