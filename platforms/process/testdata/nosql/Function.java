package function;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import sebs.NoSQL;
import sebs.NoSQL.Key;

public class Function {
    public Map<String, Object> handler(Map<String, Object> event) throws Exception {
        NoSQL client = NoSQL.getInstance();
        Key user = new Key("user", event.get("user"));
        Map<String, Object> nothing = new HashMap<>();
        nothing.put("b", null);
        for (int i = 0; i < 3; i++) {
            client.insert("cart", user, new Key("item", "i" + i),
                    Map.of("amount", i, "price", i + 0.5, "tags", Arrays.asList("a", nothing), "paid", i == 1));
        }
        client.update("cart", user, new Key("item", "i1"), Map.of("amount", new BigInteger("12345678901234567890"), "name", "ü"));
        client.delete("cart", user, new Key("item", "i2"));
        client.delete("cart", user, new Key("item", "missing"));
        String missing = String.valueOf(client.get("cart", user, new Key("item", "missing")));
        String unknown = "";
        try {
            client.get("unknown", user, new Key("item", "i1"));
        } catch (IllegalStateException e) {
            unknown = e.getMessage();
        }
        Map<String, Object> got = client.get("cart", user, new Key("item", "i1"));
        return Map.of("result", Map.of("got", got, "all", client.query("cart", user), "missing", missing,
                "unknown", unknown, "large", got.get("amount").toString()));
    }
}
