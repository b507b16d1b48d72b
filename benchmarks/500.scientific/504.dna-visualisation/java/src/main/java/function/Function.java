package function;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import sebs.Json;
import sebs.Storage;

/** Downloads a genome and draws it as a line: its points are uploaded as JSON. */
public class Function {
    private static final Storage client = Storage.getInstance();

    /** Returns the event's value at a dotted path, which must be a string. */
    private static String field(Map<String, Object> event, String path) {
        Object value = event;
        for (String name : path.split("\\.")) {
            if (!(value instanceof Map) || !((Map<?, ?>) value).containsKey(name)) {
                throw new IllegalArgumentException("the event has no " + path);
            }
            value = ((Map<?, ?>) value).get(name);
        }
        if (!(value instanceof String)) {
            String kind = value == null ? "null" : value.getClass().getSimpleName();
            throw new IllegalArgumentException("the event's " + path + " is " + kind + ", want String");
        }
        return (String) value;
    }

    /** Returns the key of a name in a folder. */
    private static String join(String folder, String name) {
        return folder.isEmpty() || folder.endsWith("/") ? folder + name : folder + "/" + name;
    }

    private static boolean space(byte b) {
        return b == ' ' || b >= '\t' && b <= '\r';
    }

    /**
     * Moves the bases of all sequences of a FASTA file to its beginning, in
     * capitals, and returns how many they are.
     */
    private static int read(byte[] fasta, String name) throws IOException {
        if (fasta.length == 0) {
            throw new IOException("the object " + name + " is empty");
        }
        if (fasta[0] != '>') {
            throw new IOException("the object " + name + " is not a FASTA file: it does not begin with >");
        }
        int bases = 0;
        for (int begin = 0, next; begin < fasta.length; begin = next) {
            int end = begin;
            while (end < fasta.length && fasta[end] != '\n') {
                end++;
            }
            next = end + 1;
            if (fasta[begin] == '>') {
                continue;
            }
            while (begin < end && space(fasta[begin])) {
                begin++;
            }
            while (begin < end && space(fasta[end - 1])) {
                end--;
            }
            for (int i = begin; i < end; i++) {
                int capital = fasta[i] & ~0x20;
                if (capital < 'A' || capital > 'Z') {
                    throw new IOException("the object " + name + " has a sequence with other characters than letters");
                }
                fasta[bases++] = (byte) capital;
            }
        }
        if (bases == 0) {
            throw new IOException("the object " + name + " has no sequence");
        }
        return bases;
    }

    /**
     * Returns the line of a sequence after the method of squiggle: x and y of
     * two points for each base after the first, at 0. Letters for bases that
     * are not known take it nowhere.
     */
    private static List<double[]> transform(byte[] bases, int count) {
        double[] x = new double[2 * count + 1];
        double[] y = new double[2 * count + 1];
        double level = 0;
        for (int i = 0; i < count; i++) {
            double half = 0;
            double whole = 0;
            switch (bases[i]) {
                case 'A':
                    half = 0.5;
                    break;
                case 'C':
                    half = -0.5;
                    break;
                case 'G':
                    half = 0.5;
                    whole = 1;
                    break;
                case 'T':
                    half = -0.5;
                    whole = -1;
                    break;
                default:
            }
            x[2 * i + 1] = i + 0.5;
            x[2 * i + 2] = i + 1;
            y[2 * i + 1] = level + half;
            level += whole;
            y[2 * i + 2] = level;
        }
        return List.of(x, y);
    }

    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) throws IOException {
        String bucket = field(event, "bucket.bucket");
        String source = join(field(event, "bucket.input"), field(event, "object.key"));
        String target = join(field(event, "bucket.output"), source.substring(source.lastIndexOf('/') + 1) + ".json");

        long begin = System.nanoTime();
        byte[] fasta;
        try (InputStream in = client.downloadStream(bucket, source)) {
            fasta = in.readAllBytes();
        }
        long downloaded = System.nanoTime();
        byte[] drawing = Json.print(transform(fasta, read(fasta, source))).getBytes(StandardCharsets.ISO_8859_1);
        long computed = System.nanoTime();
        String key = client.uploadStream(bucket, target, drawing);
        long uploaded = System.nanoTime();

        return Map.of(
                "result", Map.of("bucket", bucket, "key", key),
                "measurement", Map.of(
                        "download_time", microseconds(begin, downloaded),
                        "download_size", fasta.length,
                        "compute_time", microseconds(downloaded, computed),
                        "upload_time", microseconds(computed, uploaded),
                        "upload_size", drawing.length));
    }
}
