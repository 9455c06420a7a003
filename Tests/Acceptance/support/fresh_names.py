"""Hooks of schemathesis: names that may be used once are fresh in every request, or nearly all would be refused as repeats."""

import itertools

import schemathesis

numbers = itertools.count()


def fresh(name):
    """A name of its own in the place of a usable one; what is to be refused stays as it is."""
    usable = isinstance(name, str) and 0 < len(name) <= 100 and name.isascii() and name.isprintable()
    return f"{name[:60]} {next(numbers)}" if usable else name


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = fresh(case.headers["Idempotency-Key"])
    if not isinstance(case.body, dict):
        return
    for part in (case.body, case.body.get("take_profit"), case.body.get("stop_loss")):
        if isinstance(part, dict) and "client_order_id" in part:
            part["client_order_id"] = fresh(part["client_order_id"])
