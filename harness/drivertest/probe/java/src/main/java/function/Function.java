package function;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Constructor;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The conformance suite's probe: a function that does what the event asks. */
public class Function {
    static {
        if ("raise".equals(System.getenv("PROBE_INIT"))) {
            throw new IllegalStateException("PROBE_INIT asks for it");
        }
    }

    private static final String TMP = System.getenv().getOrDefault("TMPDIR", "/tmp");

    static class ProbeError extends Exception {
        private static final long serialVersionUID = 1;

        ProbeError(String message) {
            super(message);
        }
    }

    public Map<String, Object> handler(Map<String, Object> event) throws Exception {
        long entered = System.nanoTime();
        switch ((String) event.get("do")) {
            case "inside": // how long the handler took by its own clock
                return Map.of("inside_ns", System.nanoTime() - entered);
            case "leave": // a process that reads and prints whatever it inherits
                new ProcessBuilder("sh", "-c", "cat; cat <&3; echo left; exec sleep 600." + event.get("marker")).inheritIO().start();
                return Map.of();
            case "exhaust":
                return exhaust(number(event, "most"));
            case "nest":
                return nest(number(event, "depth"));
            case "echo":
                return echo(event);
            case "length":
                return Map.of("length", ((String) event.get("value")).getBytes(StandardCharsets.UTF_8).length);
            case "sleep":
                Thread.sleep(number(event, "ms"));
                return Map.of("slept", event.get("ms"));
            case "hang":
                return hang();
            case "raise":
                throw new ProbeError((String) event.get("message"));
            case "exit":
                Runtime.getRuntime().halt(3);
                return null;
            case "allocate":
                return allocate(number(event, "mb"));
            case "spawn":
                for (int i = 0; i < number(event, "processes"); i++) {
                    new ProcessBuilder("sleep", "600." + event.get("marker")).inheritIO().redirectInput(new File("/dev/null")).start();
                }
                return Map.of("processes", event.get("processes"));
            case "leftovers":
                return leftovers("600." + event.get("marker"));
            case "write":
                Files.write(Path.of(TMP, (String) event.get("name")), ((String) event.get("text")).getBytes(StandardCharsets.UTF_8));
                return Map.of("name", event.get("name"));
            case "list":
                return Map.of("names", new TreeSet<>(Arrays.asList(new File(TMP).list())));
            case "print":
                return print((String) event.get("text") + "\n", number(event, "bytes"));
            case "fill":
                return Map.of("filler", "x".repeat(number(event, "bytes")));
            case "unserialisable":
                return Map.of("value", new Object());
            case "corrupt":
                corrupt();
                return Map.of();
            case "connect":
                try (Socket server = new Socket()) {
                    server.setSoTimeout(5000);
                    server.connect(new InetSocketAddress((String) event.get("host"), number(event, "port")), 5000);
                    server.getOutputStream().write(((String) event.get("text")).getBytes(StandardCharsets.UTF_8));
                    server.shutdownOutput();
                    return Map.of("text", new String(server.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
                }
            case "measure":
                return Map.of("result", Map.of("n", 1), "measurement", Map.of("compute_us", 123));
            case "facts":
                return facts(event);
            default:
                throw new IllegalArgumentException("no action " + event.get("do"));
        }
    }

    /** Writes nonsense into every socket that the process has. */
    private static void corrupt() throws Exception {
        Constructor<FileDescriptor> descriptor = FileDescriptor.class.getDeclaredConstructor(int.class);
        descriptor.setAccessible(true);
        if (!Files.exists(Path.of("/proc/self/fd"))) {
            new FileOutputStream(descriptor.newInstance(3)).write("this is no answer\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return;
        }
        for (int fd = 0; fd < 256; fd++) {
            try {
                if (!Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString().startsWith("socket:")) {
                    continue;
                }
                new FileOutputStream(descriptor.newInstance(fd)).write("this is no answer\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                // It is not open, or listens.
            }
        }
    }

    private static int number(Map<String, Object> event, String key) {
        return ((Number) event.get(key)).intValue();
    }

    private static Map<String, Object> echo(Map<String, Object> event) {
        Map<String, Object> answer = new HashMap<>();
        answer.put("value", event.get("value"));
        answer.put("environment", event.containsKey("environment") ? System.getenv((String) event.get("environment")) : null);
        return answer;
    }

    /** Opens files until no more may be, and leaves them open. */
    private static Map<String, Object> exhaust(int most) {
        List<FileInputStream> opened = new ArrayList<>();
        try {
            while (opened.size() < most) {
                opened.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException e) {
            // No more.
        }
        kept.addAll(opened);
        return Map.of("opened", opened.size());
    }

    private static final List<FileInputStream> kept = new ArrayList<>();

    private static Map<String, Object> nest(int depth) {
        Object value = 1;
        for (int i = 0; i < depth; i++) {
            value = Arrays.asList(value);
        }
        return Map.of("value", value);
    }

    private static Map<String, Object> hang() throws InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            for (;;) {
                try {
                    Thread.sleep(3_600_000);
                } catch (InterruptedException e) {
                    // It goes on.
                }
            }
        }));
        for (;;) {
            Thread.sleep(3_600_000);
        }
    }

    private static Map<String, Object> allocate(int mb) {
        List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < mb; i++) {
            byte[] block = new byte[1 << 20];
            for (int j = 0; j < block.length; j += 4096) { // touch each page
                block[j] = 1;
            }
            blocks.add(block);
        }
        return Map.of("mb", blocks.size());
    }

    /** Counts the visible processes that spawn left with this marker. */
    private static Map<String, Object> leftovers(String wanted) throws IOException {
        int count = 0;
        if (!Files.exists(Path.of("/proc/self"))) {
            Process ps = new ProcessBuilder("ps", "-axo", "args").start();
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(ps.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line; (line = lines.readLine()) != null;) {
                    count += line.trim().equals("sleep " + wanted) ? 1 : 0;
                }
            }
            return Map.of("processes", count);
        }
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                try {
                    count += Files.readString(process.resolve("cmdline")).equals("sleep\0" + wanted + "\0") ? 1 : 0;
                } catch (IOException e) {
                    // It has ended.
                }
            }
        }
        return Map.of("processes", count);
    }

    /** Prints on both streams, and past their buffers. */
    private static Map<String, Object> print(String line, int bytes) throws IOException {
        String lines = line.repeat(bytes / line.length() + 1);
        System.out.print(lines);
        System.err.print(lines);
        for (FileDescriptor d : new FileDescriptor[] {FileDescriptor.out, FileDescriptor.err}) {
            new FileOutputStream(d).write(line.getBytes(StandardCharsets.UTF_8));
        }
        return Map.of("printed", bytes);
    }

    private static Map<String, Object> facts(Map<String, Object> event) throws IOException {
        Path variant = Path.of("function", "variant.txt");
        return Map.of(
                "keys", new TreeSet<>(event.keySet()),
                "cwd", System.getProperty("user.dir"),
                "variant", Files.exists(variant) ? Files.readString(variant).trim() : "");
    }
}
