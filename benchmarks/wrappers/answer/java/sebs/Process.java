package sebs;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;

/**
 * What a process knows of itself. On Linux it is read from /proc: the platform's
 * management interface takes half as long to load as the virtual machine.
 * Elsewhere times of processors and memory are 0.
 */
final class Process {
    private static final long TICK = 10_000; // µs; the kernel's unit for programs

    private static final byte[] buffer = new byte[4096]; // under the lock of the class, as all that reads into it
    private static final RandomAccessFile process = open("/proc/self/stat");
    private static final RandomAccessFile status = open("/proc/self/status");

    private Process() {}

    private static RandomAccessFile open(String name) {
        try {
            return new RandomAccessFile(name, "r");
        } catch (IOException e) {
            return null; // not Linux
        }
    }

    /** Fills the buffer with a file and returns its length, 0 without one. */
    private static int read(RandomAccessFile file) {
        try {
            if (file == null) {
                return 0;
            }
            file.seek(0);
            return Math.max(file.read(buffer, 0, buffer.length), 0);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Returns the whole number that begins at or after a place of the buffer. */
    private static long number(int at, int length) {
        while (at < length && (buffer[at] < '0' || buffer[at] > '9')) {
            at++;
        }
        long n = 0;
        for (; at < length && buffer[at] >= '0' && buffer[at] <= '9'; at++) {
            n = n * 10 + buffer[at] - '0';
        }
        return n;
    }

    /** Returns where a field of /proc/self/stat begins in the buffer; the state is the third. */
    private static int field(int field, int length) {
        int at = length;
        while (at > 0 && buffer[at - 1] != ')') {
            at--;
        }
        for (int i = 3; i < field && at < length; i++) {
            do {
                at++;
            } while (at < length && buffer[at] != ' ');
        }
        return at;
    }

    /** Returns Unix time in µs. */
    static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
    }

    /** The clock of a thread's CPU time, opened by the thread. */
    private static final class Clock {
        private final RandomAccessFile file = open("/proc/thread-self/schedstat");

        // What the process and this thread had used when last asked: by the end of
        // the last call that took long enough for the coarser clock.
        private long knownTicks = -1;
        private long knownOwn;

        /** Returns the CPU time of the thread so far, in ns. */
        private long own() {
            return number(0, read(file));
        }
    }

    private static final ThreadLocal<Clock> clocks = new ThreadLocal<Clock>() {
        @Override
        protected Clock initialValue() {
            return new Clock();
        }
    };

    /** Returns the CPU time of this thread so far, in ns. */
    static synchronized long time() {
        Clock clock = clocks.get();
        long own = clock.own();
        if (clock.knownTicks < 0) {
            clock.knownTicks = ticks();
            clock.knownOwn = own;
        }
        return own;
    }

    /** Returns the CPU time of the process so far, in the kernel's units. */
    private static long ticks() {
        int length = read(process);
        return number(field(14, length), length) + number(field(15, length), length);
    }

    /**
     * Returns the CPU time in µs of a call that took elapsed ns and began at
     * time(): this thread's, unless what the other threads took is clearly more
     * by their coarser clock.
     */
    static synchronized long since(long began, long elapsed) {
        Clock clock = clocks.get();
        long ended = clock.own();
        long own = Math.max(ended - began, 0) / 1000;
        if (elapsed < 2_000_000) {
            return own;
        }
        long now = ticks();
        long all = (now - clock.knownTicks) * TICK - (began - clock.knownOwn) / 1000;
        clock.knownTicks = now;
        clock.knownOwn = ended;
        return all > own + 2 * TICK ? all : own;
    }

    /**
     * Returns when the process started, Unix µs: by the kernel's figure, which
     * has ten milliseconds, and within them by what this thread has computed
     * since.
     */
    static synchronized long bootTime() {
        long now = now();
        long uptime = System.nanoTime() / 1000;
        int length = read(process);
        if (length == 0) {
            return now;
        }
        long earliest = now - uptime + number(field(22, length), length) * TICK;
        try (FileInputStream file = new FileInputStream("/proc/uptime")) {
            String[] words = new String(file.readNBytes(64), StandardCharsets.ISO_8859_1).split("[ .]");
            long said = Long.parseLong(words[0]) * 1_000_000 + Long.parseLong(words[1]) * TICK;
            if (Math.abs(said - uptime) > 2 * TICK) { // the machine slept: the clock of this process did not go on
                earliest = now - said + (earliest - now + uptime);
            }
        } catch (IOException | RuntimeException e) {
            return now;
        }
        long computed = now - clocks.get().own() / 1000;
        return Math.min(Math.min(Math.max(computed, earliest), earliest + TICK), now);
    }

    /** Returns the process's peak resident memory in bytes. */
    static synchronized long peakMemory() {
        int length = read(status);
        for (int i = 0; i + 6 < length; i++) {
            if (buffer[i] == 'V' && buffer[i + 2] == 'H' && buffer[i + 3] == 'W' && buffer[i + 4] == 'M') {
                return number(i, length) * 1024;
            }
        }
        return 0;
    }

    /** Returns 16 random hexadecimal digits. */
    static String randomId() {
        long id = 0;
        try (FileInputStream random = new FileInputStream("/dev/urandom")) {
            for (byte b : random.readNBytes(8)) {
                id = id << 8 | b & 0xff;
            }
        } catch (IOException e) {
            id = new java.security.SecureRandom().nextLong();
        }
        String digits = Long.toHexString(id);
        return "0".repeat(16 - digits.length()).concat(digits);
    }

    /** Returns the sandbox's id, which is id if this call made it; null if there is no place to write. */
    static String enterSandbox(String id) {
        String folder = System.getenv("TMPDIR");
        java.io.File file = new java.io.File(folder == null || folder.isEmpty() ? "/tmp" : folder, ".sebs-sandbox");
        try {
            if (file.createNewFile()) {
                try (FileOutputStream out = new FileOutputStream(file)) {
                    out.write(id.getBytes(StandardCharsets.ISO_8859_1));
                }
                return id;
            }
            for (int i = 0; i < 100; i++) { // another process may be about to write it
                try (FileInputStream in = new FileInputStream(file)) {
                    byte[] found = in.readNBytes(64);
                    if (found.length > 0) {
                        return new String(found, StandardCharsets.ISO_8859_1);
                    }
                }
                Thread.sleep(1);
            }
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return null;
    }
}
