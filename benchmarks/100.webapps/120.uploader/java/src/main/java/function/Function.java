package function;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import sebs.Storage;

/** Downloads a file from a URL and uploads it to the object store. */
public class Function {
    private static final int TIMEOUT = 30_000; // ms without a byte

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

    /** Returns a URL that names a file. What is wrong with one is said without it: it may be signed. */
    private static URI parse(String address) {
        try {
            URI url = new URI(address);
            boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            if (web && url.getHost() != null && !url.getPath().isEmpty() && !url.getPath().endsWith("/")) {
                return url;
            }
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("the event's object.url is no URL: " + e.getReason() + " at character " + e.getIndex());
        }
        throw new IllegalArgumentException("the event's object.url has not http or https, a host and a file's name");
    }

    /**
     * Writes what the URL has to a file, whole. If the URL is the store's, the
     * virtual machine may use a connection of the last upload.
     */
    private static void fetch(URI url, Path file) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
        connection.setRequestProperty("User-Agent", "SeBS 120.uploader");
        connection.setConnectTimeout(TIMEOUT);
        connection.setReadTimeout(TIMEOUT);
        String asked = "GET " + url.getScheme() + "://" + url.getRawAuthority() + url.getRawPath();
        try {
            int status = connection.getResponseCode();
            if (status != HttpURLConnection.HTTP_OK) {
                throw new IOException("HTTP status " + status);
            }
            long announced = connection.getContentLengthLong();
            long got;
            try (InputStream in = connection.getInputStream()) {
                got = Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
            }
            if (announced >= 0 && got != announced) {
                throw new IOException("the file ended after " + got + " of " + announced + " bytes");
            }
        } catch (IOException e) {
            throw new IOException(asked + ": " + e.getMessage(), e);
        } finally {
            connection.disconnect();
        }
    }

    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) throws IOException {
        String bucket = field(event, "bucket.bucket");
        String output = field(event, "bucket.output");
        String address = field(event, "object.url");
        URI url = parse(address);
        String name = url.getPath().substring(url.getPath().lastIndexOf('/') + 1);

        String temporary = System.getenv("TMPDIR");
        Path file = Files.createTempFile(Path.of(temporary == null || temporary.isEmpty() ? "/tmp" : temporary), "uploader-", "");
        try {
            long begin = System.nanoTime();
            fetch(url, file);
            long downloaded = System.nanoTime();
            long size = Files.size(file);
            long start = System.nanoTime();
            String key = client.upload(bucket, join(output, name), file);
            long uploaded = System.nanoTime();
            return Map.of(
                    "result", Map.of("bucket", bucket, "url", address, "key", key),
                    "measurement", Map.of(
                            "download_time", microseconds(begin, downloaded),
                            "download_size", size,
                            "compute_time", 0,
                            "upload_time", microseconds(start, uploaded),
                            "upload_size", size));
        } finally {
            Files.deleteIfExists(file);
        }
    }
}
