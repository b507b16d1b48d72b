package function;

import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jgrapht.alg.util.Pair;
import org.jgrapht.alg.util.Triple;

/**
 * Random graphs by preferential attachment, equal in every language.
 *
 * <p>A new vertex brings ATTACHED edges to different vertices before it, drawn
 * with a probability proportional to their degree: each is an end, taken at
 * random, of the edges that earlier vertices have. The first vertices are
 * joined with all before them. Random numbers are Park and Miller's with the
 * multiplier 48271.
 */
final class Preferential {
    private static final int ATTACHED = 10;
    private static final long MULTIPLIER = 48271;
    private static final int MODULUS = Integer.MAX_VALUE; // 2^31 - 1

    private final int[] ends; // of all edges, two for each
    private long state; // the last random number

    /** Makes the edges of a graph with size vertices. */
    Preferential(int size, int seed) {
        int first = Math.min(size, ATTACHED);
        ends = new int[first * (first - 1) + 2 * ATTACHED * (size - first)];
        state = seed;
        int total = 0;
        int[] drawn = new int[ATTACHED];
        for (int newer = 1; newer < size; newer++) {
            int edges = Math.min(newer, ATTACHED);
            for (int i = 0; i < edges; i++) {
                drawn[i] = newer <= ATTACHED ? i : draw(drawn, i, total);
            }
            for (int i = 0; i < edges; i++) {
                ends[total++] = drawn[i];
                ends[total++] = newer;
            }
        }
    }

    private long next() {
        state = state * MULTIPLIER % MODULUS;
        return state;
    }

    /** Draws a vertex that is not among the first of those drawn before. */
    private int draw(int[] drawn, int before, int total) {
        for (;;) {
            int older = ends[(int) (next() % total)];
            int i = 0;
            while (i < before && drawn[i] != older) {
                i++;
            }
            if (i == before) {
                return older;
            }
        }
    }

    private static int parameter(Map<String, Object> event, String name, int least, int most) {
        Object value = event.get(name);
        if (!(value instanceof Integer) || (Integer) value < least || (Integer) value > most) {
            throw new IllegalArgumentException("the event's " + name + " is " + value + ", want an integer from " + least + " to " + most);
        }
        return (Integer) value;
    }

    /** Returns the number of vertices that the event names. */
    static int size(Map<String, Object> event) {
        return parameter(event, "size", 2, 1 << 24);
    }

    /** Returns the seed that the event names. */
    static int seed(Map<String, Object> event) {
        return parameter(event, "seed", 1, MODULUS - 1);
    }

    int edges() {
        return ends.length / 2;
    }

    /** Returns the edges in their order. */
    Stream<Pair<Integer, Integer>> pairs() {
        return IntStream.range(0, edges()).mapToObj(i -> Pair.of(ends[2 * i], ends[2 * i + 1]));
    }

    /** Returns the weights of the edges: the random numbers that follow. */
    double[] weights() {
        double[] weights = new double[edges()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = next();
        }
        return weights;
    }

    /** Returns the edges in their order, with weights. */
    Stream<Triple<Integer, Integer, Double>> triples(double[] weights) {
        return IntStream.range(0, edges()).mapToObj(i -> Triple.of(ends[2 * i], ends[2 * i + 1], weights[i]));
    }
}
