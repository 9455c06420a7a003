"""A symbol and two accounts for a client that is tried: one is the client's, the other meets its orders. Standard library only,
for every client has an environment of its own."""

import json
import urllib.error
import urllib.request

from support.harness import URL, letters, operator


class Party:
    """An account, and plain requests in its name."""

    def __init__(self, name, cash, symbol=None, shares=0):
        account = json.loads(operator("account", "create", "--name", name, "--cash", str(cash), "--json"))
        self.number, self.key, self.secret = str(account["account_id"]), account["key_id"], account["secret"]
        if shares:
            operator("account", "grant", str(account["account_id"]), symbol, str(shares))

    def call(self, method, path, body=None):
        """The status and the body of an answer."""
        request = urllib.request.Request(
            URL + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"APCA-API-KEY-ID": self.key, "APCA-API-SECRET-KEY": self.secret})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            text, status = error.read(), error.code
        return status, json.loads(text) if text else None


class Floor:
    """A symbol of its own, so that it can be tried against any system whose market is open."""

    def __init__(self, letter, name):
        self.symbol = letter + letters(4)
        operator("instrument", "add", self.symbol, "--name", name, "--reference-price", "50")
        self.client = Party(f"{name} client", 50_000)
        self.other = Party(f"{name} other", 50_000, self.symbol, 1_000)

    def meet(self, side, quantity, price):
        """The other account's order."""
        status, order = self.other.call("POST", "/v2/orders", {
            "symbol": self.symbol, "qty": str(quantity), "side": side, "type": "limit", "time_in_force": "day",
            "limit_price": str(price)})
        assert status == 200, order
        return order
