package function;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.math.BigDecimal;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import sebs.Storage;

/**
 * Downloads a video, puts a watermark on it or makes a GIF of it with ffmpeg,
 * and uploads that.
 */
public class Function {
    private static final Storage client = Storage.getInstance();

    private final String ffmpeg = resource("/ffmpeg"); // package.sh put it there
    private final String watermark = resource("/watermark.png");

    public Function() throws URISyntaxException {}

    /** Returns the path of a file beside the classes. */
    private static String resource(String name) throws URISyntaxException {
        return Path.of(Function.class.getResource(name).toURI()).toString();
    }

    /** Returns the event's value at a dotted path, which must be of type kind. */
    private static <T> T field(Map<String, Object> event, String path, Class<T> kind) {
        Object value = event;
        for (String name : path.split("\\.")) {
            if (!(value instanceof Map) || !((Map<?, ?>) value).containsKey(name)) {
                throw new IllegalArgumentException("the event has no " + path);
            }
            value = ((Map<?, ?>) value).get(name);
        }
        if (!kind.isInstance(value)) {
            String got = value == null ? "null" : value.getClass().getSimpleName();
            throw new IllegalArgumentException("the event's " + path + " is " + got + ", want " + kind.getSimpleName());
        }
        return kind.cast(value);
    }

    /** Returns the key of a name in a folder. */
    private static String join(String folder, String name) {
        return folder.isEmpty() || folder.endsWith("/") ? folder + name : folder + "/" + name;
    }

    /** Returns the extension of an operation's output. */
    private static String extension(String operation) {
        switch (operation) {
            case "watermark":
                return ".mp4";
            case "extract-gif":
                return ".gif";
            default:
                throw new IllegalArgumentException("the event's object.op is " + operation + ", want one of watermark, extract-gif");
        }
    }

    /** Returns what ffmpeg is told of an operation after its input, the video. */
    private List<String> arguments(String operation) {
        if (operation.equals("watermark")) {
            return List.of("-i", watermark, "-filter_complex", "overlay=(main_w-overlay_w)/2:(main_h-overlay_h)/2",
                    "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p");
        }
        return List.of("-vf", "fps=10,scale=320:-1:flags=lanczos,split[a][b];[a]palettegen[p];[b][p]paletteuse", "-loop", "0");
    }

    /** Fails unless the file is MP4 to its end: what was cut off may not be missed. Returns its size. */
    private static long checkWhole(Path file, String name) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            long size = in.length();
            if (size == 0) {
                throw new IOException("the object " + name + " is empty");
            }
            long at = 0;
            while (at >= 0 && at < size) {
                byte[] header = new byte[16];
                in.seek(at);
                in.read(header);
                long length = number(header, 0, 4);
                if (length == 1) {
                    length = number(header, 8, 8);
                }
                if (length == 0) {
                    length = size - at; // the box lasts to the end
                }
                String type = new String(header, 4, 4, StandardCharsets.ISO_8859_1);
                if (length < 8 || at == 0 && !type.equals("ftyp")) {
                    throw new IOException("the object " + name + " is not an MP4 video");
                }
                at += length;
            }
            if (at != size) {
                throw new IOException("the object " + name + " is not a whole video: " + (at - size) + " bytes are missing");
            }
            return size;
        }
    }

    /** Returns the number in a file's bytes. */
    private static long number(byte[] bytes, int from, int count) {
        long n = 0;
        for (int i = from; i < from + count; i++) {
            n = n << 8 | bytes[i] & 0xff;
        }
        return n;
    }

    /** Runs ffmpeg on the beginning of a video. */
    private void process(Path source, Path target, String operation, Number duration, String name)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ffmpeg, "-nostdin", "-y", "-loglevel", "error", "-xerror",
                "-t", new BigDecimal(duration.toString()).toPlainString(), "-i", source.toString()));
        command.addAll(arguments(operation));
        command.add(target.toString());
        Process run = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null")).start();
        try {
            String said = "nothing";
            try (BufferedReader out = new BufferedReader(new InputStreamReader(run.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line; (line = out.readLine()) != null;) {
                    said = line.isBlank() ? said : line.strip();
                }
            }
            int code = run.waitFor();
            if (code != 0) {
                throw new IOException("ffmpeg failed with " + code + " on the object " + name + "; it said: " + said);
            }
        } finally {
            run.destroyForcibly();
        }
    }

    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) throws IOException, InterruptedException {
        String bucket = field(event, "bucket.bucket", String.class);
        String key = join(field(event, "bucket.input", String.class), field(event, "object.key", String.class));
        String operation = field(event, "object.op", String.class);
        Number duration = field(event, "object.duration", Number.class);
        String extension = extension(operation);
        if (!(duration.doubleValue() > 0 && duration.doubleValue() < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the event's object.duration is " + duration + ", want more than 0 seconds");
        }
        String file = key.substring(key.lastIndexOf('/') + 1);
        String stem = file.lastIndexOf('.') > 0 ? file.substring(0, file.lastIndexOf('.')) : file;
        String output = join(field(event, "bucket.output", String.class), stem + "-" + operation + extension);

        String temporary = System.getenv("TMPDIR");
        Path work = Files.createTempDirectory(Path.of(temporary == null || temporary.isEmpty() ? "/tmp" : temporary), "video-");
        Path source = work.resolve("input.mp4");
        Path target = work.resolve("output" + extension);
        try {
            long begin = System.nanoTime();
            client.download(bucket, key, source);
            long downloaded = System.nanoTime();
            long downloadSize = checkWhole(source, key);
            process(source, target, operation, duration, key);
            long computed = System.nanoTime();
            long uploadSize = Files.size(target);
            String stored = client.upload(bucket, output, target);
            long uploaded = System.nanoTime();

            return Map.of(
                    "result", Map.of("bucket", bucket, "key", stored),
                    "measurement", Map.of(
                            "download_time", microseconds(begin, downloaded),
                            "download_size", downloadSize,
                            "compute_time", microseconds(downloaded, computed),
                            "upload_time", microseconds(computed, uploaded),
                            "upload_size", uploadSize));
        } finally {
            Files.deleteIfExists(source);
            Files.deleteIfExists(target);
            Files.delete(work);
        }
    }
}
