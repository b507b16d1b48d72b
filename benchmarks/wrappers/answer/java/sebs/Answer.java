package sebs;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;

/**
 * The answer of a Java function, the same on every platform.
 *
 * <p>A platform's handler takes the event off its transport, makes an Answer,
 * and sends it. The function itself is the class function.Function, with the
 * entry point {@code Map<String, Object> handler(Map<String, Object>)}.
 *
 * <p>A platform with an init phase calls load() there; the first call does it
 * otherwise. Calls may come from several threads at once. The CPU time of an
 * answer may then be also that of other calls.
 */
public final class Answer {
    private static final int MOST = 4096; // characters of an error's message
    private static final long BOOT = Process.bootTime();
    private static final String WORKER = Process.randomId();

    // Of the process, under the lock of the class.
    private static function.Function function;
    private static Throwable failure; // why it could not be loaded, until a call was answered with it
    private static long init = -1; // how long loading took the first time, µs
    private static long calls;
    private static String sandbox;

    private final JsonWriter text = new JsonWriter();
    private boolean failed;

    // The keys of the contract that a call changes.
    private String request = "";
    private long begin;
    private long end;
    private long handlerTime;
    private long count;
    private long loading;
    private boolean cold;
    private long cpu;
    private JsonWriter result;
    private JsonWriter measurement;
    private JsonWriter others;
    private JsonWriter error;

    /** Returns whether the handler failed. */
    public boolean failed() {
        return failed;
    }

    /** Returns how many bytes the answer has. */
    public long length() {
        return text.length();
    }

    /** Sends the answer. */
    public void send(OutputStream out) throws IOException {
        text.send(out);
    }

    /** Calls the function. */
    public static Answer of(Object event, String platformRequest) {
        Answer a = new Answer();
        a.answer(event, platformRequest);
        return a;
    }

    /**
     * Loads the function, once. Where that fails, the first call is answered with
     * the error, and the next one tries again.
     */
    public static synchronized void load() {
        if (function != null || failure != null) {
            return;
        }
        long start = System.nanoTime();
        try {
            function = new function.Function();
        } catch (Throwable e) {
            failure = e instanceof ExceptionInInitializerError && e.getCause() != null ? e.getCause() : e;
        }
        if (init < 0) {
            init = (System.nanoTime() - start) / 1000;
        }
    }

    private void answer(Object event, String platformRequest) {
        double income = System.currentTimeMillis() / 1e3;
        if (event instanceof Map) {
            Object id = ((Map<?, ?>) event).get("request-id");
            request = id == null ? "" : id.toString();
        }
        function.Function loaded = enter();
        begin = end = Process.now();
        if (loaded != null) {
            call(loaded, event, income);
        }
        write(platformRequest);
    }

    /** Counts the call and returns the function, or null where it cannot be loaded. */
    private function.Function enter() {
        synchronized (Answer.class) {
            count = ++calls;
            if (sandbox == null) {
                String id = Process.randomId();
                String found = Process.enterSandbox(id);
                cold = found == null ? count == 1 : found.equals(id);
                sandbox = found == null ? WORKER : found; // without a place to write, the process is all that can be told
            }
            load();
            loading = count == 1 ? init : 0;
            if (failure != null) {
                error = describe("init", failure);
                failure = null;
            }
            return function;
        }
    }

    /** Calls the handler and fills in times, result and error. */
    @SuppressWarnings("unchecked")
    private void call(function.Function function, Object event, double income) {
        Object returned = null;
        long before = Process.time();
        begin = Process.now();
        long start = System.nanoTime();
        try {
            if (!(event instanceof Map)) {
                throw new IllegalArgumentException("the event is not a JSON object");
            }
            ((Map<String, Object>) event).put("request-id", request);
            ((Map<String, Object>) event).put("income-timestamp", income);
            returned = function.handler((Map<String, Object>) event);
        } catch (Throwable e) {
            error = describe("handler", e);
        }
        handlerTime = System.nanoTime() - start;
        end = Process.now();
        cpu = Process.since(before, handlerTime);
        if (error == null) {
            try {
                take(returned);
            } catch (RuntimeException e) {
                result = measurement = others = null;
                error = describe("handler", e);
            }
        }
    }

    private void take(Object returned) {
        Object value = returned;
        if (returned instanceof Map) {
            Map<?, ?> map = (Map<?, ?>) returned;
            if (map.containsKey("result")) {
                value = map.get("result");
                java.util.Map<Object, Object> rest = new java.util.LinkedHashMap<>(map);
                rest.remove("result");
                rest.remove("measurement");
                if (!rest.isEmpty()) {
                    others = new JsonWriter().value(rest);
                }
            }
            Object measured = map.get("measurement");
            if (measured != null) {
                if (!(measured instanceof Map)) {
                    throw new IllegalArgumentException("the measurement is not an object");
                }
                measurement = new JsonWriter().value(measured);
            }
        }
        result = new JsonWriter().value(value);
    }

    private void write(String platformRequest) {
        failed = error != null;
        text.plain("{\"request\":").string(request);
        text.plain(",\"platform_request\":").string(platformRequest);
        text.plain(",\"begin_us\":").plain(begin);
        text.plain(",\"end_us\":").plain(end);
        text.plain(",\"handler_ns\":").plain(handlerTime);
        text.plain(",\"init_us\":").plain(loading);
        text.plain(",\"boot_us\":").plain(BOOT);
        text.plain(",\"sandbox\":").string(sandbox);
        text.plain(",\"cold\":").plain(Boolean.toString(cold));
        text.plain(",\"worker\":").string(WORKER);
        text.plain(",\"worker_cold\":").plain(Boolean.toString(count == 1));
        text.plain(",\"count\":").plain(count);
        text.plain(",\"cpu_us\":").plain(cpu);
        text.plain(",\"memory_bytes\":").plain(Process.peakMemory());
        part(",\"measurement\":", measurement);
        if (others != null) {
            part(",\"others\":", others);
        }
        part(",\"error\":", error);
        part(",\"result\":", result);
        text.plain("}");
    }

    private void part(String key, JsonWriter value) {
        text.plain(key);
        if (value == null) {
            text.plain("null");
        } else {
            text.append(value);
        }
    }

    /** Describes what was thrown, and prints it with its trace. */
    private static JsonWriter describe(String phase, Throwable e) {
        String message;
        try {
            e.printStackTrace();
            message = String.valueOf(e.getMessage() == null ? e : e.getMessage());
        } catch (Throwable another) {
            message = "(the exception cannot be printed)";
        }
        if (message.length() > MOST) {
            message = message.substring(0, MOST);
        }
        JsonWriter described = new JsonWriter();
        described.plain("{\"phase\":").string(phase);
        described.plain(",\"type\":").string(e.getClass().getSimpleName());
        described.plain(",\"message\":").string(message + place(e)).plain("}");
        return described;
    }

    /** Returns the first line of a trace that is of the function's own files. */
    private static String place(Throwable e) {
        for (StackTraceElement element : e.getStackTrace()) {
            if (element.getClassName().startsWith("function.") && element.getLineNumber() > 0) {
                return " (" + element.getFileName() + ", line " + element.getLineNumber() + ")";
            }
        }
        return "";
    }
}
