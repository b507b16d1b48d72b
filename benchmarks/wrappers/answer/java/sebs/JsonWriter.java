package sebs;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes JSON as UTF-8, in pieces, so that a long text is in memory once.
 */
final class JsonWriter {
    private static final int DEPTH = 1000; // the deepest nesting
    private static final int PIECE = 1 << 18;

    private final List<byte[]> full = new ArrayList<>();
    private byte[] piece = new byte[2048];
    private int used;
    private long before; // bytes in full
    private int depth;

    /** Returns how many bytes were written. */
    long length() {
        return before + used;
    }

    /** Appends what another writer has. */
    void append(JsonWriter other) {
        for (byte[] p : other.full) {
            raw(p, p.length);
        }
        raw(other.piece, other.used);
    }

    private void raw(byte[] bytes, int length) {
        for (int from = 0; from < length;) {
            room(1);
            int n = Math.min(length - from, piece.length - used);
            System.arraycopy(bytes, from, piece, used, n);
            used += n;
            from += n;
        }
    }

    /** Sends what was written. */
    void send(OutputStream out) throws IOException {
        for (byte[] p : full) {
            out.write(p);
        }
        out.write(piece, 0, used);
    }

    /** Returns what was written. */
    byte[] bytes() {
        byte[] all = new byte[(int) length()];
        int at = 0;
        for (byte[] p : full) {
            System.arraycopy(p, 0, all, at, p.length);
            at += p.length;
        }
        System.arraycopy(piece, 0, all, at, used);
        return all;
    }

    /** Makes room for n bytes, at most 64, in one piece. */
    private void room(int n) {
        if (piece.length - used >= n) {
            return;
        }
        if (piece.length < PIECE && full.isEmpty()) {
            piece = java.util.Arrays.copyOf(piece, Math.max(piece.length * 4, 4096));
            return;
        }
        full.add(used == piece.length ? piece : java.util.Arrays.copyOf(piece, used));
        before += used;
        piece = new byte[PIECE];
        used = 0;
    }

    private void put(int c) {
        room(1);
        piece[used++] = (byte) c;
    }

    /** Writes ASCII as it is. */
    JsonWriter plain(String text) {
        copy(text, 0, text.length());
        return this;
    }

    JsonWriter plain(long number) {
        return plain(Long.toString(number));
    }

    /** Writes a value. One that is not JSON's is an IllegalArgumentException. */
    JsonWriter value(Object value) {
        if (value == null) {
            return plain("null");
        }
        if (value instanceof String) {
            return string((String) value);
        }
        if (value instanceof Number) {
            if (value instanceof Double || value instanceof Float) {
                double d = ((Number) value).doubleValue();
                if (Double.isNaN(d) || Double.isInfinite(d)) {
                    throw new IllegalArgumentException(value + " is no number in JSON");
                }
            }
            return plain(value.toString());
        }
        if (value instanceof Boolean) {
            return plain(value.toString());
        }
        if (value instanceof CharSequence || value instanceof Character || value instanceof Enum) {
            return string(value.toString());
        }
        if (++depth > DEPTH) {
            throw new IllegalArgumentException("the value is nested too deeply for JSON");
        }
        if (value instanceof Map) {
            object((Map<?, ?>) value);
        } else if (value instanceof Iterable) {
            char separator = '[';
            for (Object element : (Iterable<?>) value) {
                put(separator);
                value(element);
                separator = ',';
            }
            end(separator, '[', ']');
        } else if (value.getClass().isArray()) {
            char separator = '[';
            for (int i = 0; i < Array.getLength(value); i++) {
                put(separator);
                value(Array.get(value, i));
                separator = ',';
            }
            end(separator, '[', ']');
        } else {
            throw new IllegalArgumentException("values of type " + value.getClass().getName() + " cannot be written as JSON");
        }
        depth--;
        return this;
    }

    private void object(Map<?, ?> object) {
        char separator = '{';
        for (Map.Entry<?, ?> member : object.entrySet()) {
            put(separator);
            string(String.valueOf(member.getKey()));
            put(':');
            value(member.getValue());
            separator = ',';
        }
        end(separator, '{', '}');
    }

    private void end(char separator, char open, char close) {
        if (separator == open) {
            put(open);
        }
        put(close);
    }

    JsonWriter string(String s) {
        put('"');
        for (int i = 0; i < s.length(); i++) {
            int end = plainUntil(s, i);
            if (end > i) {
                copy(s, i, end);
                i = end - 1;
                continue;
            }
            char c = s.charAt(i);
            room(6);
            if (c < 0x80) {
                escape(c);
            } else if (c < 0x800) {
                piece[used++] = (byte) (0xc0 | c >> 6);
                piece[used++] = (byte) (0x80 | c & 0x3f);
            } else if (Character.isHighSurrogate(c) && i + 1 < s.length() && Character.isLowSurrogate(s.charAt(i + 1))) {
                int point = Character.toCodePoint(c, s.charAt(++i));
                piece[used++] = (byte) (0xf0 | point >> 18);
                piece[used++] = (byte) (0x80 | point >> 12 & 0x3f);
                piece[used++] = (byte) (0x80 | point >> 6 & 0x3f);
                piece[used++] = (byte) (0x80 | point & 0x3f);
            } else if (Character.isSurrogate(c)) { // half a character
                plain("\\u").plain(Integer.toHexString(c));
            } else {
                piece[used++] = (byte) (0xe0 | c >> 12);
                piece[used++] = (byte) (0x80 | c >> 6 & 0x3f);
                piece[used++] = (byte) (0x80 | c & 0x3f);
            }
        }
        put('"');
        return this;
    }

    /** Returns where the characters end that are written as they are. */
    private static int plainUntil(String s, int from) {
        int i = from;
        for (; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c < ' ' || c >= 0x80 || c == '"' || c == '\\') {
                break;
            }
        }
        return i;
    }

    /** Writes characters of ASCII. */
    @SuppressWarnings("deprecation") // it takes the lower bytes, which is right for ASCII and fast
    private void copy(String s, int from, int end) {
        while (from < end) {
            room(1);
            int n = Math.min(end - from, piece.length - used);
            s.getBytes(from, from + n, piece, used);
            used += n;
            from += n;
        }
    }

    private void escape(char c) {
        switch (c) {
            case '"':
            case '\\':
                put('\\');
                put(c);
                break;
            case '\b':
                plain("\\b");
                break;
            case '\f':
                plain("\\f");
                break;
            case '\n':
                plain("\\n");
                break;
            case '\r':
                plain("\\r");
                break;
            case '\t':
                plain("\\t");
                break;
            default:
                plain("\\u00");
                put("0123456789abcdef".charAt(c >> 4));
                put("0123456789abcdef".charAt(c & 15));
        }
    }
}
