package sebs;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The object store of a function: {@code Storage.getInstance()}. Safe for use
 * by several threads.
 */
public final class Storage {
    private static final Map<String, String> BYTES = Map.of("content-type", "application/octet-stream");
    private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");

    private static Storage instance;

    private final Sigv4 client = new Sigv4("SEBS_STORAGE", "s3");

    private Storage() {}

    public static synchronized Storage getInstance() {
        if (instance == null) {
            instance = new Storage();
        }
        return instance;
    }

    /** Returns name with eight random digits before its extension. */
    public static String uniqueName(String name) {
        int dot = name.lastIndexOf('.');
        int extension = dot > name.lastIndexOf('/') + 1 ? dot : name.length();
        return name.substring(0, extension) + "." + Process.randomId().substring(0, 8) + name.substring(extension);
    }

    /** Stores a file under a unique name made of key, and returns that name. */
    public String upload(String bucket, String key, Path file) throws IOException {
        return put(bucket, key, new Sigv4.Body() {
            @Override
            public long length() throws IOException {
                return Files.size(file);
            }

            @Override
            public void send(OutputStream out) throws IOException {
                Files.copy(file, out);
            }
        });
    }

    /** Stores bytes under a unique name made of key, and returns that name. */
    public String uploadStream(String bucket, String key, byte[] data) throws IOException {
        return put(bucket, key, Sigv4.body(data));
    }

    /** Stores what a stream has left, which is read into memory, under a unique name, and returns that name. */
    public String uploadStream(String bucket, String key, InputStream data) throws IOException {
        return uploadStream(bucket, key, data.readAllBytes());
    }

    private String put(String bucket, String key, Sigv4.Body body) throws IOException {
        String name = uniqueName(key);
        client.read("PUT", "/" + bucket + "/" + name, Map.of(), BYTES, body);
        return name;
    }

    /** Stores an object in a file. */
    public void download(String bucket, String key, Path file) throws IOException {
        try (InputStream in = downloadStream(bucket, key)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Returns an object's content, which must be closed. */
    public InputStream downloadStream(String bucket, String key) throws IOException {
        return client.request("GET", "/" + bucket + "/" + key, Map.of(), Map.of(), null);
    }

    /** Stores all objects whose keys begin with prefix in files folder/key. */
    public void downloadDirectory(String bucket, String prefix, Path folder) throws IOException {
        for (String key : list(bucket, prefix)) {
            if (Arrays.asList(key.split("/")).contains("..")) {
                throw new IOException("the object " + key + " would be stored outside of " + folder);
            }
            if (key.endsWith("/")) {
                continue; // the marker of a folder
            }
            Path file = folder.resolve(key.replaceAll("^/+", ""));
            Files.createDirectories(file.getParent());
            download(bucket, key, file);
        }
    }

    /** Returns the keys that begin with prefix, however many there are. */
    private List<String> list(String bucket, String prefix) throws IOException {
        Map<String, String> query = new HashMap<>(Map.of("list-type", "2", "prefix", prefix, "encoding-type", "url"));
        List<String> keys = new ArrayList<>();
        for (;;) {
            String page = new String(client.read("GET", "/" + bucket, query, Map.of(), null), StandardCharsets.UTF_8);
            boolean encoded = Sigv4.element(page, "EncodingType", "").equals("url");
            for (Matcher found = KEY.matcher(page); found.find();) {
                String key = Sigv4.unescape(found.group(1));
                keys.add(encoded ? URLDecoder.decode(key, StandardCharsets.UTF_8) : key);
            }
            String token = Sigv4.element(page, "NextContinuationToken", "");
            if (token.isEmpty()) {
                return keys;
            }
            query.put("continuation-token", token);
        }
    }
}
