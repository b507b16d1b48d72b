package sebs;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * Serves a function over HTTP/1.1: one request at a time, bodies by
 * Content-Length. The classes of the platform for HTTP would double the time
 * that the virtual machine takes to start.
 *
 * <p>Without an argument it serves the socket that the platform passes as
 * descriptor 3, which programs that a function starts do not inherit; with a
 * port, one connection after another; with a port and "once", until the end of
 * the first on which something came: who waited for too long to be connected may
 * hang up before.
 */
public final class Handler {
    private static final int HEAD = 16 << 10; // the longest request head
    private static final int BODY = 50 << 20; // the largest event

    private final InputStream in;
    private final OutputStream out;
    private final byte[] buffer = new byte[8 << 10 | HEAD];
    private int filled;
    private boolean used; // something came

    private Handler(InputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    /** A request that cannot be understood. */
    private static final class Refused extends Exception {
        Refused(String message) {
            super(message);
        }
    }

    /**
     * Returns the descriptor with a number. No public method does; reflection
     * would need an option for the virtual machine with which it starts slower.
     */
    private static FileDescriptor descriptor(int number) throws ReflectiveOperationException {
        Field only = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        only.setAccessible(true);
        sun.misc.Unsafe memory = (sun.misc.Unsafe) only.get(null);
        FileDescriptor descriptor = new FileDescriptor();
        memory.putInt(descriptor, memory.objectFieldOffset(FileDescriptor.class.getDeclaredField("fd")), number);
        return descriptor;
    }

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        if (arguments.length == 0) {
            FileDescriptor socket = descriptor(3);
            new Handler(new FileInputStream(socket), new FileOutputStream(socket)).serve();
            System.exit(0);
        }
        ServerSocket server = new ServerSocket(Integer.parseInt(arguments[0]));
        new ServerSocket(0).close(); // opens what the first write to a socket would, when no more may be open
        for (;;) {
            Handler handler = null;
            try (Socket connection = server.accept()) {
                connection.setTcpNoDelay(true);
                handler = new Handler(connection.getInputStream(), connection.getOutputStream());
                handler.serve();
            } catch (IOException e) {
                System.err.println(e);
            }
            if (handler != null && handler.used && arguments.length > 1 && arguments[1].equals("once")) {
                System.exit(0);
            }
        }
    }

    /** Answers until the connection ends. */
    private void serve() throws IOException {
        for (;;) {
            Object event;
            try {
                byte[] body = request();
                if (body == null) {
                    return;
                }
                if (body == ALIVE) {
                    respond("200 OK\r\n", ALIVE);
                    continue;
                }
                event = Json.parse(body);
            } catch (Refused | Json.Malformed e) {
                respond("400 Bad Request\r\nConnection: close\r\n", e.getMessage().getBytes(StandardCharsets.UTF_8));
                return;
            }
            Answer answer = Answer.of(event, "");
            System.out.flush();
            System.err.flush();
            // The first + of strings costs 20 ms of a start: code for it is made as it runs.
            String head = new StringBuilder("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                    .append(answer.failed() ? "Sebs-Error: 1\r\n" : "")
                    .append("Content-Length: ").append(answer.length()).append("\r\n\r\n").toString();
            if (answer.length() > HEAD) {
                out.write(head.getBytes(StandardCharsets.ISO_8859_1));
                answer.send(out);
            } else {
                Piece whole = new Piece(head.length() + (int) answer.length());
                whole.write(head.getBytes(StandardCharsets.ISO_8859_1));
                answer.send(whole);
                out.write(whole.bytes);
            }
        }
    }

    /** Collects what is then sent at once. */
    private static final class Piece extends OutputStream {
        private final byte[] bytes;
        private int at;

        Piece(int length) {
            bytes = new byte[length];
        }

        @Override
        public void write(int b) {
            bytes[at++] = (byte) b;
        }

        @Override
        public void write(byte[] from, int begin, int length) {
            System.arraycopy(from, begin, bytes, at, length);
            at += length;
        }
    }

    private void respond(String status, byte[] body) throws IOException {
        out.write(("HTTP/1.1 " + status + "Content-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
    }

    private static final byte[] ALIVE = {}; // the body of a GET, which asks whether the server is there

    /** Returns a request's body, or null at the end. */
    private byte[] request() throws IOException, Refused {
        int end;
        while ((end = headEnd()) < 0) {
            if (filled > HEAD) {
                throw new Refused("the request's head is too long");
            }
            int n = read(buffer, filled, buffer.length - filled);
            if (n <= 0) {
                return null;
            }
            used = true;
            filled += n;
        }
        boolean alive = filled > 4 && buffer[0] == 'G' && buffer[1] == 'E' && buffer[2] == 'T' && buffer[3] == ' ';
        long length = contentLength(end);
        int begin = end + 4;
        int had = (int) Math.min(filled - begin, length);
        if (length > BODY) {
            byte[] dropped = new byte[1 << 16];
            for (long missing = length - had; missing > 0;) { // who sends it reads no answer before it is sent
                int n = read(dropped, 0, (int) Math.min(missing, dropped.length));
                if (n <= 0) {
                    return null;
                }
                missing -= n;
            }
            throw new Refused("the request has " + length + " bytes, more than " + BODY);
        }
        byte[] body = new byte[(int) length];
        System.arraycopy(buffer, begin, body, 0, had);
        filled -= begin + had;
        System.arraycopy(buffer, begin + had, buffer, 0, filled);
        while (had < length) {
            int n = read(body, had, (int) Math.min(length - had, 1 << 18));
            if (n <= 0) {
                return null;
            }
            had += n;
        }
        return alive ? ALIVE : body;
    }

    private int read(byte[] to, int from, int most) throws IOException {
        try {
            return in.read(to, from, most);
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("reset")) {
                return -1;
            }
            throw e;
        }
    }

    private int headEnd() {
        for (int i = 3; i < filled; i++) {
            if (buffer[i] == '\n' && buffer[i - 1] == '\r' && buffer[i - 2] == '\n' && buffer[i - 3] == '\r') {
                return i - 3;
            }
        }
        return -1;
    }

    private static final String LENGTH = "\ncontent-length:";

    /** Returns the length that the head before end names, 0 if none. */
    private long contentLength(int end) throws Refused {
        for (int i = 0; i + LENGTH.length() < end; i++) {
            int j = 0;
            while (j < LENGTH.length() && (buffer[i + j] | (j > 0 && j < LENGTH.length() - 1 ? 0x20 : 0)) == LENGTH.charAt(j)) {
                j++;
            }
            if (j < LENGTH.length()) {
                continue;
            }
            long length = 0;
            int at = i + j;
            while (at < end && buffer[at] == ' ') {
                at++;
            }
            for (; at < end && buffer[at] != '\r'; at++) {
                if (buffer[at] < '0' || buffer[at] > '9' || length > 1L << 40) {
                    throw new Refused("the request's Content-Length is no number");
                }
                length = length * 10 + buffer[at] - '0';
            }
            return length;
        }
        return 0;
    }
}
