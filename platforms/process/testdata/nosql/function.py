from . import nosql


def handler(event):
    client = nosql.nosql.get_instance()
    user = ("user", event["user"])
    for i in range(3):
        client.insert("cart", user, ("item", "i%d" % i), {"amount": i, "price": i + 0.5, "tags": ["a", {"b": None}], "paid": i == 1})
    client.update("cart", user, ("item", "i1"), {"amount": 12345678901234567890, "name": "ü"})
    client.delete("cart", user, ("item", "i2"))
    client.delete("cart", user, ("item", "missing"))
    try:
        client.get("cart", user, ("item", "missing"))
        missing = "found"
    except KeyError:
        missing = "KeyError"
    try:
        client.get("unknown", user, ("item", "i1"))
        unknown = ""
    except RuntimeError as e:
        unknown = str(e)
    return {
        "result": {
            "got": client.get("cart", user, ("item", "i1")),
            "all": client.query("cart", user, "item"),
            "missing": missing,
            "unknown": unknown,
            "large": str(client.get("cart", user, ("item", "i1"))["amount"]),
        }
    }
