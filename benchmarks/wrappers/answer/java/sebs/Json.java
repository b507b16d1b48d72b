package sebs;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON. Objects become maps, arrays lists; whole numbers the smallest of
 * Integer, Long and BigInteger that holds them, others Double.
 *
 * <p>Libraries for it take longer to load than the rest of a function.
 */
public final class Json {
    private static final int DEPTH = 1000; // the deepest nesting

    /** What is not JSON. */
    public static final class Malformed extends RuntimeException {
        private Malformed(String message) {
            super(message);
        }
    }

    private final byte[] text;
    private final int end;
    private int at;
    private int depth;

    private Json(byte[] text) {
        this.text = text;
        this.end = text.length;
    }

    /** Returns the value that UTF-8 text has. */
    public static Object parse(byte[] text) {
        Json json = new Json(text);
        Object value = json.value();
        if (json.space() < json.end) {
            throw json.wrong("more than one value");
        }
        return value;
    }

    /** Returns the value that text has. */
    public static Object parse(String text) {
        return parse(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns a value as text. */
    public static String print(Object value) {
        JsonWriter writer = new JsonWriter();
        writer.value(value);
        return new String(writer.bytes(), StandardCharsets.UTF_8);
    }

    private Malformed wrong(String what) {
        return new Malformed("not valid JSON at byte " + at + ": " + what);
    }

    /** Skips white space. */
    private int space() {
        while (at < end) {
            switch (text[at]) {
                case ' ':
                case '\t':
                case '\n':
                case '\r':
                    at++;
                    break;
                default:
                    return at;
            }
        }
        return at;
    }

    private boolean take(char c) {
        if (space() < end && text[at] == c) {
            at++;
            return true;
        }
        return false;
    }

    private Object value() {
        if (space() == end) {
            throw wrong("it ends too early");
        }
        switch (text[at]) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Object word(String word, Object value) {
        for (int i = 0; i < word.length(); i++) {
            if (at + i >= end || text[at + i] != word.charAt(i)) {
                throw wrong("an unknown word");
            }
        }
        at += word.length();
        return value;
    }

    private void enter() {
        at++;
        if (++depth > DEPTH) {
            throw wrong("it is nested too deeply");
        }
    }

    private Map<String, Object> object() {
        enter();
        Map<String, Object> object = new HashMap<>();
        if (!take('}')) {
            do {
                if (space() == end || text[at] != '"') {
                    throw wrong("want a key");
                }
                String key = string();
                if (!take(':')) {
                    throw wrong("want a colon");
                }
                object.put(key, value());
            } while (take(','));
            if (!take('}')) {
                throw wrong("want a comma or the object's end");
            }
        }
        depth--;
        return object;
    }

    private List<Object> array() {
        enter();
        List<Object> array = new ArrayList<>();
        if (!take(']')) {
            do {
                array.add(value());
            } while (take(','));
            if (!take(']')) {
                throw wrong("want a comma or the array's end");
            }
        }
        depth--;
        return array;
    }

    private String string() {
        int begin = ++at;
        int bits = 0;
        while (at < end) {
            byte c = text[at];
            if (c == '"') {
                // The bytes of ASCII are the characters of a string.
                String s = new String(text, begin, at - begin, bits < 0 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
                at++;
                return s;
            }
            if (c == '\\') {
                return escaped(begin);
            }
            if (c >= 0 && c < ' ') {
                throw wrong("a control character in a string");
            }
            bits |= c;
            at++;
        }
        throw wrong("a string without end");
    }

    /** Reads the rest of a string from its first backslash on. */
    private String escaped(int begin) {
        StringBuilder s = new StringBuilder();
        for (int from = begin; at < end; at++) {
            byte c = text[at];
            if (c != '"' && c != '\\') {
                if (c >= 0 && c < ' ') {
                    throw wrong("a control character in a string");
                }
                continue;
            }
            s.append(new String(text, from, at - from, StandardCharsets.UTF_8));
            if (c == '"') {
                at++;
                return s.toString();
            }
            if (++at == end) {
                break;
            }
            switch (text[at]) {
                case '"':
                case '\\':
                case '/':
                    s.append((char) text[at]);
                    break;
                case 'b':
                    s.append('\b');
                    break;
                case 'f':
                    s.append('\f');
                    break;
                case 'n':
                    s.append('\n');
                    break;
                case 'r':
                    s.append('\r');
                    break;
                case 't':
                    s.append('\t');
                    break;
                case 'u':
                    s.append(unit());
                    break;
                default:
                    throw wrong("an unknown escape");
            }
            from = at + 1;
        }
        throw wrong("a string without end");
    }

    /** Reads four hexadecimal digits and stays at the last. */
    private char unit() {
        int unit = 0;
        for (int i = 0; i < 4; i++) {
            int digit = ++at < end ? Character.digit(text[at], 16) : -1;
            if (digit < 0) {
                throw wrong("want four hexadecimal digits");
            }
            unit = unit << 4 | digit;
        }
        return (char) unit;
    }

    private boolean digit() {
        return at < end && text[at] >= '0' && text[at] <= '9';
    }

    private void digits() {
        if (!digit()) {
            throw wrong("want a value");
        }
        while (digit()) {
            at++;
        }
    }

    private Object number() {
        int begin = at;
        if (text[at] == '-') {
            at++;
        }
        if (at < end && text[at] == '0') {
            at++;
        } else {
            digits();
        }
        boolean whole = true;
        if (at < end && text[at] == '.') {
            whole = false;
            at++;
            digits();
        }
        if (at < end && (text[at] | 0x20) == 'e') {
            whole = false;
            at++;
            if (at < end && (text[at] == '+' || text[at] == '-')) {
                at++;
            }
            digits();
        }
        String number = new String(text, begin, at - begin, StandardCharsets.ISO_8859_1);
        if (!whole) {
            return Double.valueOf(number);
        }
        if (at - begin > 18) {
            BigInteger large = new BigInteger(number);
            if (large.bitLength() > 63) {
                return large;
            }
            return large.longValue();
        }
        long value = Long.parseLong(number);
        if (value == (int) value) {
            return (int) value;
        }
        return value;
    }
}
