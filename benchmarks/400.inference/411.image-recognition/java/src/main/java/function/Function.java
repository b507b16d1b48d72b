package function;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import sebs.Json;
import sebs.Storage;

/** Downloads photos and says what is on them, by ResNet-50. */
public class Function {
    private static final int SHORTER = 256; // a photo is shrunk until its shorter side has that many pixels
    private static final int SIDE = 224; // width and height of its middle, which is used
    private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

    private static final Storage client = Storage.getInstance();

    private final List<?> classes;
    private final OrtEnvironment environment;

    private String loaded; // bucket and key of the model
    private OrtSession session; // with it

    public Function() throws IOException, URISyntaxException {
        try (InputStream in = Function.class.getResourceAsStream("/classes.json")) {
            classes = (List<?>) Json.parse(in.readAllBytes());
        }
        Path library = Path.of(Function.class.getResource("/native").toURI()); // package.sh put it there
        System.setProperty("onnxruntime.native.path", library.toString());
        environment = OrtEnvironment.getEnvironment();
        File[] left = new File(System.getProperty("java.io.tmpdir")).listFiles((folder, name) -> name.startsWith("onnxruntime-java"));
        for (File folder : left == null ? new File[0] : left) {
            folder.delete(); // it is empty, as the library is unpacked, and would be there until the process ends
        }
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

    /** Returns a photo's content. */
    private static byte[] fetch(String bucket, String key) throws IOException {
        try (InputStream in = client.downloadStream(bucket, key)) {
            byte[] data = in.readAllBytes();
            if (data.length == 0) {
                throw new IOException("the object " + key + " is empty");
            }
            return data;
        }
    }

    /** Returns a session with a model. */
    private OrtSession load(Path file, String key) throws IOException {
        OrtSession made = null;
        try {
            made = environment.createSession(file.toString());
            String shapes = shape(made.getInputInfo()) + " to " + shape(made.getOutputInfo());
            String want = Arrays.toString(new long[] {1, 3, SIDE, SIDE}) + " to " + Arrays.toString(new long[] {1, classes.size()});
            if (!shapes.equals(want)) {
                throw new IOException("it has the shapes " + shapes + ", want " + want);
            }
            return made;
        } catch (OrtException | IOException e) {
            close(made);
            throw new IOException("the object " + key + " is not a whole model: " + e.getMessage(), e);
        }
    }

    private static void close(OrtSession session) throws IOException {
        try {
            if (session != null) {
                session.close();
            }
        } catch (OrtException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static String shape(Map<String, NodeInfo> nodes) {
        Object info = nodes.values().iterator().next().getInfo();
        return info instanceof TensorInfo ? Arrays.toString(((TensorInfo) info).getShape()) : info.toString();
    }

    /** Returns an image with its colours as they are stored: no profile is applied, as in the other languages. */
    private static BufferedImage decode(ImageReader reader, ImageReadParam param) throws IOException {
        for (Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0); types.hasNext();) {
            ImageTypeSpecifier type = types.next();
            ColorSpace space = type.getColorModel().getColorSpace();
            if (type.getBufferedImageType() == BufferedImage.TYPE_3BYTE_BGR && !space.isCS_sRGB()) {
                param.setDestinationType(type); // that of the profile
                ImageTypeSpecifier plain = ImageTypeSpecifier.createFromBufferedImageType(BufferedImage.TYPE_3BYTE_BGR);
                return new BufferedImage(plain.getColorModel(), reader.read(0, param).getRaster(), false, null);
            }
        }
        return reader.read(0, param);
    }

    /** Returns what a photo shows, or fails if it is not whole. */
    private static BufferedImage whole(byte[] photo) throws IOException {
        ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(photo));
        Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
        if (!readers.hasNext()) {
            throw new IOException("its format is not known");
        }
        ImageReader reader = readers.next();
        try {
            List<String> warnings = new ArrayList<>(); // of a JPEG that was cut off, the missing part is grey
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(in, true, true);
            BufferedImage image = decode(reader, reader.getDefaultReadParam());
            if (!warnings.isEmpty()) {
                throw new IOException(warnings.get(0));
            }
            return image;
        } finally {
            reader.dispose();
        }
    }

    /** Returns a photo as the network reads it. */
    private static FloatBuffer prepare(byte[] photo, String key) throws IOException {
        BufferedImage image;
        try {
            image = whole(photo);
        } catch (IOException | RuntimeException e) { // readers throw both on damaged data
            throw new IOException("the object " + key + " is not a whole image: " + e.getMessage(), e);
        }
        int shorter = Math.min(image.getWidth(), image.getHeight());
        int width = (int) ((long) image.getWidth() * SHORTER / shorter);
        int height = (int) ((long) image.getHeight() * SHORTER / shorter);
        int[] pixels = Shrink.middle(image, width, height, SIDE);
        int area = SIDE * SIDE;
        float[] values = new float[3 * area];
        for (int i = 0; i < values.length; i++) {
            int c = i / area;
            values[i] = (pixels[i % area * 3 + c] / 255f - MEAN[c]) / DEVIATION[c];
        }
        return FloatBuffer.wrap(values);
    }

    /** Returns the network's scores of a photo, one for each class. */
    private float[] scores(FloatBuffer values) throws OrtException {
        try (OnnxTensor input = OnnxTensor.createTensor(environment, values, new long[] {1, 3, SIDE, SIDE});
                OrtSession.Result output = session.run(Map.of(session.getInputNames().iterator().next(), input))) {
            return ((float[][]) output.get(0).getValue())[0];
        }
    }

    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) throws IOException, OrtException {
        String bucket = field(event, "bucket.bucket", String.class);
        String model = join(field(event, "bucket.model", String.class), field(event, "object.model", String.class));
        List<?> inputs = field(event, "object.inputs", List.class);
        String folder = field(event, "bucket.input", String.class);
        if (inputs.isEmpty() || !inputs.stream().allMatch(name -> name instanceof String)) {
            throw new IllegalArgumentException("the event's object.inputs is not a list of at least one name");
        }

        long begin = System.nanoTime();
        List<byte[]> photos = new ArrayList<>();
        long size = 0;
        for (Object name : inputs) {
            byte[] photo = fetch(bucket, join(folder, (String) name));
            photos.add(photo);
            size += photo.length;
        }
        long downloaded = System.nanoTime();

        long modelDownloaded = downloaded;
        long modelLoaded = downloaded;
        String wanted = bucket + "/" + model;
        if (!wanted.equals(loaded)) {
            String temporary = System.getenv("TMPDIR");
            Path file = Files.createTempFile(Path.of(temporary == null || temporary.isEmpty() ? "/tmp" : temporary), "model-", ".onnx");
            try {
                client.download(bucket, model, file); // in memory it would be there twice
                modelDownloaded = System.nanoTime();
                size += Files.size(file);
                OrtSession made = load(file, model);
                close(session);
                session = made;
                loaded = wanted;
            } finally {
                Files.deleteIfExists(file);
            }
            modelLoaded = System.nanoTime();
        }

        List<Object> predictions = new ArrayList<>();
        for (int i = 0; i < photos.size(); i++) {
            String name = (String) inputs.get(i);
            float[] scores = scores(prepare(photos.get(i), join(folder, name)));
            int best = 0;
            for (int c = 1; c < scores.length; c++) {
                best = scores[c] > scores[best] ? c : best;
            }
            predictions.add(Map.of("key", name, "idx", best, "class", classes.get(best), "score", scores[best]));
        }
        long computed = System.nanoTime();

        return Map.of(
                "result", Map.of("predictions", predictions),
                "measurement", Map.of(
                        "download_time", microseconds(begin, modelDownloaded),
                        "download_size", size,
                        "compute_time", microseconds(modelDownloaded, computed),
                        "model_time", microseconds(modelDownloaded, modelLoaded),
                        "model_download_time", microseconds(downloaded, modelDownloaded)));
    }
}
