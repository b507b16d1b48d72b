package function;

import com.github.mustachejava.DefaultMustacheFactory;
import com.github.mustachejava.Mustache;
import java.io.StringWriter;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/** Renders a page that greets a user and lists random numbers. */
public class Function {
    private static final int LIMIT = 1000000; // numbers are below it

    private static final Mustache TEMPLATE = new DefaultMustacheFactory("templates").compile("template.html");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    private final Random random = new Random();

    public Map<String, Object> handler(Map<String, Object> event) {
        Object username = event.get("username");
        if (!(username instanceof String)) {
            throw new IllegalArgumentException("the event's username is " + username + ", want a string");
        }
        Object count = event.get("random_len");
        if (!(count instanceof Integer) || (Integer) count < 0) {
            throw new IllegalArgumentException("the event's random_len is " + count + ", want an integer of at least 0");
        }
        List<Integer> numbers = random.ints((Integer) count, 0, LIMIT).boxed().collect(Collectors.toList());
        String time = ZonedDateTime.now(ZoneOffset.UTC).format(TIME);
        StringWriter page = new StringWriter();
        TEMPLATE.execute(page, Map.of("username", username, "time", time, "numbers", numbers));
        return Map.of("result", page.toString());
    }
}
