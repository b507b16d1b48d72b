"""The NoSQL store of a function: nosql.nosql.get_instance().

Tables are named as the benchmark names them. A key is a pair of its name and
its value; the key of an item is a primary one and a secondary one, which is
None for a table without.
"""
import json
import os

if __package__:
    from . import sigv4
else:  # a function imported this file by its plain name
    import sigv4


class nosql:
    """Items in tables. Safe for use by several threads."""

    instance = None

    def __init__(self):
        self.client = sigv4.Client(
            sigv4.environment("SEBS_NOSQL_URL"),
            os.environ.get("SEBS_NOSQL_REGION", "us-east-1"),
            "dynamodb",
            sigv4.environment("SEBS_NOSQL_ACCESS_KEY"),
            sigv4.environment("SEBS_NOSQL_SECRET_KEY"),
        )

    @staticmethod
    def get_instance():
        if nosql.instance is None:
            nosql.instance = nosql()
        return nosql.instance

    def insert(self, table_name, primary_key, secondary_key, data):
        """Stores an item, in the place of one with the same key."""
        item = dict(_encode_items(data), **_key(primary_key, secondary_key))
        self._call("PutItem", table_name, {"Item": item})

    def get(self, table_name, primary_key, secondary_key):
        """Returns an item with its key. One that does not exist is a KeyError."""
        answer = self._call("GetItem", table_name, {"Key": _key(primary_key, secondary_key), "ConsistentRead": True})
        if "Item" not in answer:
            raise KeyError("%s has no item %s" % (table_name, [k[1] for k in (primary_key, secondary_key) if k]))
        return _decode_items(answer["Item"])

    def update(self, table_name, primary_key, secondary_key, updates):
        """Sets some values of an item, which is made if it does not exist."""
        names = list(updates)
        request = {"Key": _key(primary_key, secondary_key)}
        if names:
            request["UpdateExpression"] = "SET " + ", ".join("#n%d = :v%d" % (i, i) for i in range(len(names)))
            request["ExpressionAttributeNames"] = {"#n%d" % i: n for i, n in enumerate(names)}
            request["ExpressionAttributeValues"] = {":v%d" % i: _encode(updates[n]) for i, n in enumerate(names)}
        self._call("UpdateItem", table_name, request)

    def query(self, table_name, primary_key, _=None):
        """Returns the items of a primary key, by their secondary keys."""
        request = {
            "KeyConditionExpression": "#k = :v",
            "ExpressionAttributeNames": {"#k": primary_key[0]},
            "ExpressionAttributeValues": {":v": _encode(primary_key[1])},
            "ConsistentRead": True,
        }
        items = []
        while True:
            answer = self._call("Query", table_name, request)
            items.extend(_decode_items(i) for i in answer["Items"])
            if not answer.get("LastEvaluatedKey"):
                return items
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def delete(self, table_name, primary_key, secondary_key):
        """Deletes an item. One that does not exist is not an error."""
        self._call("DeleteItem", table_name, {"Key": _key(primary_key, secondary_key)})

    def _call(self, operation, table_name, request):
        request["TableName"] = sigv4.environment("SEBS_NOSQL_TABLE_" + table_name)
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810." + operation}
        response = self.client.request("POST", "/", headers=headers, body=json.dumps(request).encode())
        return json.loads(response.read())


def _key(primary_key, secondary_key):
    return _encode_items(dict(k for k in (primary_key, secondary_key) if k))


def _encode_items(values):
    return {str(k): _encode(v) for k, v in values.items()}


def _decode_items(values):
    return {k: _decode(v) for k, v in values.items()}


def _encode(v):
    """Returns a value as DynamoDB writes it."""
    if v is None:
        return {"NULL": True}
    if isinstance(v, bool):
        return {"BOOL": v}
    if isinstance(v, str):
        return {"S": v}
    if isinstance(v, float):
        if v - v != 0:
            raise ValueError("%s cannot be stored" % v)
        return {"N": repr(v)}
    if isinstance(v, (list, tuple)):
        return {"L": [_encode(e) for e in v]}
    if isinstance(v, dict):
        return {"M": _encode_items(v)}
    if isinstance(v, (bytes, bytearray)):
        from base64 import b64encode
        return {"B": b64encode(v).decode()}
    if isinstance(v, (set, frozenset)):
        kind = "SS" if all(isinstance(e, str) for e in v) else "NS"
        return {kind: [str(e) for e in v]}
    import numbers
    from decimal import Decimal
    if isinstance(v, (int, numbers.Number, Decimal)):
        return {"N": str(v)}
    raise TypeError("values of type %s cannot be stored" % type(v).__name__)


def _decode(v):
    """Returns the value that DynamoDB writes as v."""
    (kind, value), = v.items()
    if kind == "N":
        return _number(value)
    if kind == "NULL":
        return None
    if kind == "L":
        return [_decode(e) for e in value]
    if kind == "M":
        return _decode_items(value)
    if kind == "B":
        from base64 import b64decode
        return b64decode(value)
    if kind == "SS":
        return set(value)
    if kind == "NS":
        return {_number(e) for e in value}
    return value


def _number(text):
    """Returns a whole number as an int of any size, others as a float."""
    try:
        return int(text)
    except ValueError:
        return float(text)
