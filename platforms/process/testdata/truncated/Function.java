package function;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import sebs.Storage;

public class Function {
    private static String attempt(Callable<?> download) {
        try {
            download.call();
            return "";
        } catch (Exception e) {
            return String.valueOf(e.getMessage());
        }
    }

    public Map<String, Object> handler(Map<String, Object> event) {
        Storage client = Storage.getInstance();
        return Map.of("result", Map.of(
                "file", attempt(() -> {
                    client.download("b", "cut", Path.of("/tmp/cut"));
                    return null;
                }),
                "stream", attempt(() -> {
                    try (InputStream in = client.downloadStream("b", "cut")) {
                        return in.readAllBytes();
                    }
                })));
    }
}
