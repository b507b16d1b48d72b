package function;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import sebs.Storage;

public class Function {
    public Map<String, Object> handler(Map<String, Object> event) throws Exception {
        Storage client = Storage.getInstance();
        String bucket = (String) event.get("bucket");
        String key = (String) event.get("key");
        byte[] megabyte = "x".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
        try (var out = Files.newOutputStream(Path.of("/tmp/up"))) {
            for (int i = 0; i < (Integer) event.get("megabytes"); i++) {
                out.write(megabyte);
            }
        }
        List<String> names = new ArrayList<>();
        names.add(client.upload(bucket, key, Path.of("/tmp/up")));
        names.add(client.uploadStream(bucket, key, "stream".getBytes(StandardCharsets.US_ASCII)));
        names.add(client.uploadStream(bucket, key, InputStream.nullInputStream()));
        client.download(bucket, names.get(0), Path.of("/tmp/down"));
        StringBuilder sum = new StringBuilder();
        for (byte b : MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(Path.of("/tmp/down")))) {
            sum.append(String.format("%02x", b));
        }
        Path all = Path.of("/tmp/all");
        client.downloadDirectory(bucket, (String) event.get("prefix"), all);
        List<String> found;
        try (Stream<Path> files = Files.walk(all)) {
            found = files.filter(Files::isRegularFile).map(f -> all.relativize(f).toString()).collect(Collectors.toList());
        }
        found.sort((a, b) -> java.util.Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8)));
        String refused = "";
        try {
            client.downloadStream(bucket, "no-such-key");
        } catch (Exception e) {
            refused = e.getMessage();
        }
        String stream;
        try (InputStream in = client.downloadStream(bucket, names.get(1))) {
            stream = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
        return Map.of("result", Map.of("names", names, "sha256", sum, "stream", stream, "found", found,
                "refused", refused, "same", Storage.getInstance() == client));
    }
}
