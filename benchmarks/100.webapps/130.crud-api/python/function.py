"""Answers the requests of a shopping cart's API from a NoSQL table."""

import decimal

from . import nosql

TABLE = "shopping_cart"

client = nosql.nosql.get_instance()


def plain(value):
    """Returns a table's value as JSON has it: some clients return decimals."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def get_product(cart, product):
    item = client.get(TABLE, ("cart_id", cart), ("product_id", product))
    if not item:
        raise LookupError(f"cart {cart} has no product {product}")
    return {name: plain(value) for name, value in item.items()}


def get_cart(cart):
    items = client.query(TABLE, ("cart_id", cart), "product_id")
    cost = sum(plain(item["price"]) * plain(item["quantity"]) for item in items)
    count = sum(plain(item["quantity"]) for item in items)
    return {
        "products": [item["name"] for item in items],
        "total_cost": cost,
        "avg_price": cost / count if count else 0,
    }


def put_product(cart, product, name, price, quantity):
    data = {"name": name, "price": price, "quantity": quantity}
    client.insert(TABLE, ("cart_id", cart), ("product_id", product), data)
    return {}


def text(value, name):
    if not isinstance(value, str) or not value:
        raise ValueError(f"the request's {name} is {value!r}, want a string that is not empty")
    return value


def number(value, name):
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"the request's {name} is {value!r}, want an integer")
    return value


def answer(request):
    if not isinstance(request, dict):
        raise TypeError(f"a request is {type(request).__name__}, want dict")
    route, body = request.get("route"), request.get("body")
    if not isinstance(body, dict):
        raise TypeError(f"the request's body is {type(body).__name__}, want dict")
    cart = text(body.get("cart"), "cart")
    if route == "GET /cart":
        return get_cart(cart)
    if route == "GET /cart/{id}":
        path = request.get("path")
        if not isinstance(path, dict):
            raise TypeError(f"the request's path is {type(path).__name__}, want dict")
        return get_product(cart, text(path.get("id"), "path.id"))
    if route == "PUT /cart":
        return put_product(
            cart,
            text(body.get("product_id"), "product_id"),
            text(body.get("name"), "name"),
            number(body.get("price"), "price"),
            number(body.get("quantity"), "quantity"),
        )
    raise ValueError(f"unknown route {route!r}")


def handler(event):
    requests = event.get("requests")
    if not isinstance(requests, list):
        raise TypeError(f"the event's requests are {type(requests).__name__}, want list")
    return {"result": [answer(request) for request in requests]}
