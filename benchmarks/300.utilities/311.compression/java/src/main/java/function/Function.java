package function;

import java.io.BufferedOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import sebs.Storage;

/** Downloads a folder, packs it into a zip archive and uploads that. */
public class Function {
    private static final int LEVEL = 9; // of deflate

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

    private static File[] list(File folder) throws IOException {
        File[] entries = folder.listFiles();
        if (entries == null) {
            throw new IOException(folder + " cannot be listed");
        }
        return entries;
    }

    /** Adds the names of the files in a folder to a list, after a prefix. */
    private static void files(File folder, String prefix, List<String> names) throws IOException {
        for (File entry : list(folder)) {
            if (entry.isDirectory()) {
                files(entry, prefix + entry.getName() + "/", names);
            } else {
                names.add(prefix + entry.getName());
            }
        }
    }

    /** Deletes a folder and what is in it. */
    private static void delete(File folder) throws IOException {
        for (File entry : list(folder)) {
            if (entry.isDirectory()) {
                delete(entry);
            } else {
                Files.delete(entry.toPath());
            }
        }
        Files.delete(folder.toPath());
    }

    /** Writes a zip archive of files in a folder. */
    private static void pack(Path folder, List<String> names, Path archive) throws IOException {
        try (ZipOutputStream packed = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(archive), 1 << 16))) {
            packed.setLevel(LEVEL);
            for (String name : names) {
                packed.putNextEntry(new ZipEntry(name));
                Files.copy(folder.resolve(name), packed);
                packed.closeEntry();
            }
        }
    }

    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) throws IOException {
        String bucket = field(event, "bucket.bucket");
        String prefix = join(field(event, "bucket.input"), field(event, "object.key"));
        String target = join(field(event, "bucket.output"), prefix.substring(prefix.lastIndexOf('/') + 1) + ".zip");

        String temporary = System.getenv("TMPDIR");
        Path work = Files.createTempDirectory(Path.of(temporary == null || temporary.isEmpty() ? "/tmp" : temporary), "compression-");
        try {
            Path tree = Files.createDirectory(work.resolve("tree"));
            Path archive = work.resolve("archive.zip");

            long begin = System.nanoTime();
            client.downloadDirectory(bucket, prefix + "/", tree);
            long downloaded = System.nanoTime();
            List<String> names = new ArrayList<>();
            files(tree.toFile(), "", names);
            if (names.isEmpty()) {
                throw new IOException("there are no objects under " + prefix);
            }
            Collections.sort(names);
            long size = 0;
            for (String name : names) {
                size += Files.size(tree.resolve(name));
            }

            long start = System.nanoTime();
            pack(tree, names, archive);
            long computed = System.nanoTime();
            long archiveSize = Files.size(archive);
            String key = client.upload(bucket, target, archive);
            long uploaded = System.nanoTime();
            return Map.of(
                    "result", Map.of("bucket", bucket, "key", key),
                    "measurement", Map.of(
                            "download_time", microseconds(begin, downloaded),
                            "download_size", size,
                            "compute_time", microseconds(start, computed),
                            "upload_time", microseconds(computed, uploaded),
                            "upload_size", archiveSize));
        } finally {
            delete(work.toFile());
        }
    }
}
