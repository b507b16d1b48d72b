package function;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import sebs.NoSQL;

/** Answers the requests of a shopping cart's API from a NoSQL table. */
public class Function {
    private static final String TABLE = "shopping_cart";

    private static final NoSQL client = NoSQL.getInstance();

    private static NoSQL.Key cart(String id) {
        return new NoSQL.Key("cart_id", id);
    }

    private static NoSQL.Key product(String id) {
        return new NoSQL.Key("product_id", id);
    }

    private static Map<String, Object> getProduct(String cart, String product) throws IOException {
        Map<String, Object> item = client.get(TABLE, cart(cart), product(product));
        if (item == null || item.isEmpty()) {
            throw new IllegalArgumentException("cart " + cart + " has no product " + product);
        }
        return item;
    }

    private static Map<String, Object> getCart(String cart) throws IOException {
        List<Object> products = new ArrayList<>();
        long cost = 0;
        long count = 0;
        for (Map<String, Object> item : client.query(TABLE, cart(cart))) {
            long quantity = ((Number) item.get("quantity")).longValue();
            cost = Math.addExact(cost, Math.multiplyExact(((Number) item.get("price")).longValue(), quantity));
            count = Math.addExact(count, quantity);
            products.add(item.get("name"));
        }
        return Map.of("products", products, "total_cost", cost, "avg_price", count == 0 ? 0 : (double) cost / count);
    }

    private static Map<String, Object> putProduct(String cart, String product, String name, Number price, Number quantity)
            throws IOException {
        client.insert(TABLE, cart(cart), product(product), Map.of("name", name, "price", price, "quantity", quantity));
        return Map.of();
    }

    private static Map<?, ?> object(Object value, String name) {
        if (!(value instanceof Map)) {
            throw new IllegalArgumentException(name + " is " + value + ", want an object");
        }
        return (Map<?, ?>) value;
    }

    private static String text(Object value, String name) {
        if (!(value instanceof String) || ((String) value).isEmpty()) {
            throw new IllegalArgumentException("the request's " + name + " is " + value + ", want a string that is not empty");
        }
        return (String) value;
    }

    private static Number number(Object value, String name) {
        if (!(value instanceof Integer || value instanceof Long)) {
            throw new IllegalArgumentException("the request's " + name + " is " + value + ", want an integer");
        }
        return (Number) value;
    }

    private static Map<String, Object> answer(Object given) throws IOException {
        Map<?, ?> request = object(given, "a request");
        Map<?, ?> body = object(request.get("body"), "the request's body");
        String cart = text(body.get("cart"), "cart");
        switch (String.valueOf(request.get("route"))) {
            case "GET /cart":
                return getCart(cart);
            case "GET /cart/{id}":
                return getProduct(cart, text(object(request.get("path"), "the request's path").get("id"), "path.id"));
            case "PUT /cart":
                return putProduct(
                        cart,
                        text(body.get("product_id"), "product_id"),
                        text(body.get("name"), "name"),
                        number(body.get("price"), "price"),
                        number(body.get("quantity"), "quantity"));
            default:
                throw new IllegalArgumentException("unknown route " + request.get("route"));
        }
    }

    public Map<String, Object> handler(Map<String, Object> event) throws IOException {
        Object requests = event.get("requests");
        if (!(requests instanceof List)) {
            throw new IllegalArgumentException("the event's requests are " + requests + ", want an array");
        }
        List<Object> result = new ArrayList<>();
        for (Object request : (List<?>) requests) {
            result.add(answer(request));
        }
        return Map.of("result", result);
    }
}
