package function;

import java.util.Map;

/** Sleeps for as long as the event says. */
public class Function {
    public Map<String, Object> handler(Map<String, Object> event) throws InterruptedException {
        Object given = event.get("sleep");
        double seconds = given instanceof Number ? ((Number) given).doubleValue() : -1;
        if (!(seconds >= 0)) {
            throw new IllegalArgumentException("the event's sleep is " + given + ", want a number of seconds of at least 0");
        }
        long nanoseconds = Math.round(seconds * 1e9);
        Thread.sleep(nanoseconds / 1_000_000, (int) (nanoseconds % 1_000_000));
        return Map.of("result", given);
    }
}
