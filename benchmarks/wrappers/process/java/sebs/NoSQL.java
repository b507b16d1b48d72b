package sebs;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The NoSQL store of a function: {@code NoSQL.getInstance()}. Safe for use by
 * several threads.
 *
 * <p>Tables are named as the benchmark names them. The key of an item is a
 * primary one and a secondary one, which is null for a table without.
 */
public final class NoSQL {
    /** The name and the value of a key. */
    public static final class Key {
        private final String name;
        private final Object value;

        public Key(String name, Object value) {
            this.name = name;
            this.value = value;
        }
    }

    private static NoSQL instance;

    private final Sigv4 client = new Sigv4("SEBS_NOSQL", "dynamodb");

    private NoSQL() {}

    public static synchronized NoSQL getInstance() {
        if (instance == null) {
            instance = new NoSQL();
        }
        return instance;
    }

    /** Stores an item, in the place of one with the same key. */
    public void insert(String table, Key primary, Key secondary, Map<String, ?> data) throws IOException {
        Map<String, Object> item = encodeItem(data);
        item.putAll(keyOf(primary, secondary));
        call("PutItem", table, with("Item", item));
    }

    /** Returns an item with its key, null if there is none. */
    public Map<String, Object> get(String table, Key primary, Key secondary) throws IOException {
        Map<String, Object> request = with("Key", keyOf(primary, secondary));
        request.put("ConsistentRead", true);
        Object item = call("GetItem", table, request).get("Item");
        return item == null ? null : decodeItem(item);
    }

    /** Sets some values of an item, which is made if it does not exist. */
    public void update(String table, Key primary, Key secondary, Map<String, ?> updates) throws IOException {
        Map<String, Object> request = with("Key", keyOf(primary, secondary));
        if (!updates.isEmpty()) {
            List<String> set = new ArrayList<>();
            Map<String, Object> names = new HashMap<>();
            Map<String, Object> values = new HashMap<>();
            for (Map.Entry<String, ?> e : updates.entrySet()) {
                int i = set.size();
                set.add("#n" + i + " = :v" + i);
                names.put("#n" + i, e.getKey());
                values.put(":v" + i, encode(e.getValue()));
            }
            request.put("UpdateExpression", "SET " + String.join(", ", set));
            request.put("ExpressionAttributeNames", names);
            request.put("ExpressionAttributeValues", values);
        }
        call("UpdateItem", table, request);
    }

    /** Returns the items of a primary key, by their secondary keys. */
    public List<Map<String, Object>> query(String table, Key primary) throws IOException {
        Map<String, Object> request = with("KeyConditionExpression", "#k = :v");
        request.put("ExpressionAttributeNames", Map.of("#k", primary.name));
        request.put("ExpressionAttributeValues", Map.of(":v", encode(primary.value)));
        request.put("ConsistentRead", true);
        List<Map<String, Object>> items = new ArrayList<>();
        for (;;) {
            Map<?, ?> answer = call("Query", table, request);
            for (Object item : (List<?>) answer.get("Items")) {
                items.add(decodeItem(item));
            }
            Object last = answer.get("LastEvaluatedKey");
            if (last == null) {
                return items;
            }
            request.put("ExclusiveStartKey", last);
        }
    }

    /** Deletes an item. One that does not exist is not an error. */
    public void delete(String table, Key primary, Key secondary) throws IOException {
        call("DeleteItem", table, with("Key", keyOf(primary, secondary)));
    }

    private Map<?, ?> call(String operation, String table, Map<String, Object> request) throws IOException {
        request.put("TableName", Sigv4.environment("SEBS_NOSQL_TABLE_" + table));
        Map<String, String> headers = Map.of("content-type", "application/x-amz-json-1.0", "x-amz-target", "DynamoDB_20120810." + operation);
        byte[] body = Json.print(request).getBytes(StandardCharsets.UTF_8);
        return (Map<?, ?>) Json.parse(client.read("POST", "/", Map.of(), headers, Sigv4.body(body)));
    }

    private static Map<String, Object> with(String name, Object value) {
        Map<String, Object> map = new HashMap<>();
        map.put(name, value);
        return map;
    }

    private static Map<String, Object> keyOf(Key primary, Key secondary) {
        Map<String, Object> key = with(primary.name, encode(primary.value));
        if (secondary != null) {
            key.put(secondary.name, encode(secondary.value));
        }
        return key;
    }

    private static Map<String, Object> encodeItem(Map<?, ?> item) {
        Map<String, Object> encoded = new HashMap<>();
        item.forEach((name, value) -> encoded.put(String.valueOf(name), encode(value)));
        return encoded;
    }

    /** Returns a value as DynamoDB writes it. */
    private static Map<String, Object> encode(Object v) {
        if (v == null) {
            return with("NULL", true);
        }
        if (v instanceof Boolean) {
            return with("BOOL", v);
        }
        if (v instanceof CharSequence) {
            return with("S", v.toString());
        }
        if (v instanceof Double && (((Double) v).isNaN() || ((Double) v).isInfinite())) {
            throw new IllegalArgumentException(v + " cannot be stored");
        }
        if (v instanceof Number) {
            return with("N", v.toString());
        }
        if (v instanceof byte[]) {
            return with("B", Base64.getEncoder().encodeToString((byte[]) v));
        }
        if (v instanceof Map) {
            return with("M", encodeItem((Map<?, ?>) v));
        }
        if (v instanceof Iterable) {
            List<Object> list = new ArrayList<>();
            ((Iterable<?>) v).forEach(e -> list.add(encode(e)));
            return with("L", list);
        }
        throw new IllegalArgumentException("values of type " + v.getClass().getName() + " cannot be stored");
    }

    private static Map<String, Object> decodeItem(Object item) {
        Map<String, Object> decoded = new HashMap<>();
        ((Map<?, ?>) item).forEach((name, value) -> decoded.put((String) name, decode(value)));
        return decoded;
    }

    /** Returns the value that DynamoDB writes as v. */
    private static Object decode(Object v) {
        Map.Entry<?, ?> entry = ((Map<?, ?>) v).entrySet().iterator().next();
        Object value = entry.getValue();
        List<Object> list = new ArrayList<>();
        switch ((String) entry.getKey()) {
            case "NULL":
                return null;
            case "N":
                return number((String) value);
            case "B":
                return Base64.getDecoder().decode((String) value);
            case "M":
                return decodeItem(value);
            case "L":
                ((List<?>) value).forEach(e -> list.add(decode(e)));
                return list;
            case "NS":
                ((List<?>) value).forEach(e -> list.add(number((String) e)));
                return list;
            default:
                return value; // S, BOOL, SS
        }
    }

    /** Returns a whole number as an Integer, Long or BigInteger, others as a Double. */
    private static Object number(String text) {
        BigDecimal n = new BigDecimal(text);
        if (text.contains(".") || n.scale() > 0) {
            return n.doubleValue();
        }
        BigInteger whole = n.toBigInteger();
        if (whole.bitLength() < 32) {
            return whole.intValue();
        }
        return whole.bitLength() < 64 ? (Object) whole.longValue() : whole;
    }
}
