package function;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.inject.Named;
import sebs.Storage;

@Named("trial")
public class Function {
    public Map<String, Object> handler(Map<String, Object> event) throws Exception {
        try (InputStream in = Storage.getInstance().downloadStream((String) event.get("bucket"), (String) event.get("key"))) {
            String content = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            boolean linked = Function.class.getAnnotation(Named.class).value().equals("trial");
            return Map.of("result", linked ? content : "the library does not work");
        }
    }
}
