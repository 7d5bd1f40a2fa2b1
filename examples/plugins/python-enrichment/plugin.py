"""Adds to orders what is known of their customer: how many orders there were, and what `customer.updated` said last."""

from typing import Any

from tidemill_sdk import Event, Manifest, Outcome, Output, Problem, emit, keep, log, state

manifest = Manifest(
    summary="Adds what is known of the customer to orders",
    subscribes=["customer.updated", "order.created"],
    config_schema={
        "type": "object",
        "properties": {"loyal_after": {"type": "integer", "minimum": 1, "description": "Orders that make a loyal customer."}},
        "additionalProperties": False,
    },
)

loyal_after = 3


def configure(config: dict[str, Any]) -> None:
    global loyal_after
    loyal_after = config.get("loyal_after", loyal_after)


def apply(event: Event) -> Outcome:
    data = event.json()
    customer = data.get("customer") if isinstance(data, dict) else None
    if not isinstance(customer, str) or not customer:
        raise Problem("/customer", "expected a text with at least one character")
    if event.type == "customer.updated":
        remember(customer, data)
        return keep
    return emit(Output(json={**data, "about": about(customer)}))


def remember(customer: str, data: dict[str, Any]) -> None:
    """Keeps what orders are to say of a customer, until it changes."""
    kept = {name: data[name] for name in ("name", "country") if name in data}
    state.put_json(f"customer/{customer}", kept)
    log.debug("remembered", customer=customer)


def about(customer: str) -> dict[str, Any]:
    """What is known of a customer. The order is counted with it: both are stored in one commit, or neither."""
    count = state.increment(f"orders/{customer}")
    kept = state.get(f"customer/{customer}")
    return {**(kept.json() if kept else {}), "orders": count, "loyal": count >= loyal_after}
