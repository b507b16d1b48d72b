package function;

import com.twelvemonkeys.image.ResampleOp;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import sebs.Storage;

/** Downloads a photo, shrinks it to fit a box and uploads it as JPEG. */
public class Function {
    private static final float QUALITY = 0.85f;
    private static final int DENSITY = 4; // a thumbnail's pixel is made of at least as many of the photo each way, if it has them

    private static final Storage client = Storage.getInstance();

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

    /** Returns the photo as a JPEG of at most width x height, its aspect kept. */
    private static byte[] shrink(Path photo, int width, int height) throws IOException {
        try (FileImageInputStream in = new FileImageInputStream(photo.toFile())) {
            return shrink(in, width, height);
        }
    }

    private static byte[] shrink(ImageInputStream in, int width, int height) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
        if (!readers.hasNext()) {
            throw new IOException("its format is not known");
        }
        ImageReader reader = readers.next();
        try {
            List<String> warnings = new ArrayList<>(); // of a JPEG that was cut off, the missing part is grey
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(in, true, true);
            double scale = Math.min(1, Math.min((double) width / reader.getWidth(0), (double) height / reader.getHeight(0)));
            int w = (int) Math.max(Math.round(reader.getWidth(0) * scale), 1);
            int h = (int) Math.max(Math.round(reader.getHeight(0) * scale), 1);
            int step = (int) Math.max(1 / (scale * DENSITY), 1); // pixels in between need no memory
            ImageReadParam param = reader.getDefaultReadParam();
            param.setSourceSubsampling(step, step, step / 2, step / 2);
            BufferedImage image = decode(reader, param);
            if (!warnings.isEmpty()) {
                throw new IOException(warnings.get(0));
            }
            BufferedImage thumbnail = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
            return encode(new ResampleOp(w, h, ResampleOp.FILTER_TRIANGLE).filter(image, thumbnail));
        } finally {
            reader.dispose();
        }
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

    private static byte[] encode(BufferedImage image) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(QUALITY);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
                writer.setOutput(out);
                writer.write(null, new IIOImage(image, null, null), param);
            }
            return bytes.toByteArray();
        } finally {
            writer.dispose();
        }
    }

    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) throws IOException {
        String bucket = field(event, "bucket.bucket", String.class);
        String source = join(field(event, "bucket.input", String.class), field(event, "object.key", String.class));
        String target = join(field(event, "bucket.output", String.class), source.substring(source.lastIndexOf('/') + 1));
        int width = field(event, "object.width", Integer.class);
        int height = field(event, "object.height", Integer.class);
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("the event's object.width and object.height are " + width + " x " + height + ", want at least 1 x 1");
        }

        String temporary = System.getenv("TMPDIR");
        Path photo = Files.createTempFile(Path.of(temporary == null || temporary.isEmpty() ? "/tmp" : temporary), "thumbnailer-", "");
        try {
            long begin = System.nanoTime();
            client.download(bucket, source, photo); // in memory there might be no place for it beside its pixels
            long downloaded = System.nanoTime();
            long size = Files.size(photo);
            if (size == 0) {
                throw new IOException("the object " + source + " is empty");
            }
            byte[] thumbnail;
            try {
                thumbnail = shrink(photo, width, height);
            } catch (IOException | RuntimeException e) { // readers throw both on damaged data
                throw new IOException("the object " + source + " is not a whole image: " + e.getMessage(), e);
            }
            long computed = System.nanoTime();
            String key = client.uploadStream(bucket, target, thumbnail);
            long uploaded = System.nanoTime();

            return Map.of(
                    "result", Map.of("bucket", bucket, "key", key),
                    "measurement", Map.of(
                            "download_time", microseconds(begin, downloaded),
                            "download_size", size,
                            "compute_time", microseconds(downloaded, computed),
                            "upload_time", microseconds(computed, uploaded),
                            "upload_size", thumbnail.length));
        } finally {
            Files.deleteIfExists(photo);
        }
    }
}
