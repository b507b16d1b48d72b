package function;

import java.awt.image.BufferedImage;

/**
 * Shrinks photos with a triangle filter that covers all pixels, as the
 * libraries of the other languages do and none of the virtual machine's classes
 * does: the network's scores depend on it.
 */
final class Shrink {
    private Shrink() {}

    /**
     * Returns side x side pixels, three values each, of the middle of an image
     * that is made width x height. Values are rounded after each direction.
     */
    static int[] middle(BufferedImage image, int width, int height, int side) {
        Filter columns = new Filter(image.getWidth(), width, (width - side) / 2, side);
        Filter rows = new Filter(image.getHeight(), height, (height - side) / 2, side);
        int[] narrow = new int[3 * side * image.getHeight()];
        int[] line = new int[image.getWidth()];
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRGB(0, y, line.length, 1, line, 0, line.length);
            for (int x = 0; x < side; x++) {
                float[] weights = columns.weights[x];
                float red = 0.5f;
                float green = 0.5f;
                float blue = 0.5f;
                for (int i = 0; i < weights.length; i++) {
                    int pixel = line[columns.first[x] + i];
                    red += weights[i] * (pixel >> 16 & 0xff);
                    green += weights[i] * (pixel >> 8 & 0xff);
                    blue += weights[i] * (pixel & 0xff);
                }
                int at = 3 * (y * side + x);
                narrow[at] = (int) red;
                narrow[at + 1] = (int) green;
                narrow[at + 2] = (int) blue;
            }
        }
        int[] pixels = new int[3 * side * side];
        for (int y = 0; y < side; y++) {
            float[] weights = rows.weights[y];
            for (int x = 0; x < 3 * side; x++) {
                float value = 0.5f;
                for (int i = 0; i < weights.length; i++) {
                    value += weights[i] * narrow[(rows.first[y] + i) * 3 * side + x];
                }
                pixels[y * 3 * side + x] = (int) value;
            }
        }
        return pixels;
    }

    /** Which pixels of a line become which, and with which weights, whose sum is 1. */
    private static final class Filter {
        private final int[] first;
        private final float[][] weights;

        /** Makes the filter of count pixels from a place on, of a line of from pixels made to. */
        Filter(int from, int to, int place, int count) {
            double scale = (double) from / to;
            double reach = Math.max(scale, 1);
            first = new int[count];
            weights = new float[count][];
            for (int i = 0; i < count; i++) {
                double centre = (place + i + 0.5) * scale;
                first[i] = (int) Math.max(centre - reach + 0.5, 0);
                int end = (int) Math.min(centre + reach + 0.5, from);
                weights[i] = new float[end - first[i]];
                double sum = 0;
                for (int j = first[i]; j < end; j++) {
                    double weight = Math.max(1 - Math.abs(j + 0.5 - centre) / reach, 0);
                    weights[i][j - first[i]] = (float) weight;
                    sum += weight;
                }
                for (int j = 0; j < weights[i].length; j++) {
                    weights[i][j] /= sum;
                }
            }
        }
    }
}
