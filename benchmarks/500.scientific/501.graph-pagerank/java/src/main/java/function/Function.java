package function;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jgrapht.alg.scoring.PageRank;
import org.jgrapht.opt.graph.sparse.SparseIntUndirectedGraph;

/** Makes a random graph and computes the PageRank of its vertices. */
public class Function {
    private static final double DAMPING = 0.85;
    private static final int SHOWN = 10; // ranks, at least
    private static final double TOLERANCE = 1e-14; // change of a rank at which the iteration ends
    private static final int ITERATIONS = 1000; // at most

    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) {
        int size = Preferential.size(event);
        int seed = Preferential.seed(event);

        long begin = System.nanoTime();
        Preferential grown = new Preferential(size, seed);
        SparseIntUndirectedGraph graph = new SparseIntUndirectedGraph(size, grown.edges(), grown::pairs);
        long generated = System.nanoTime();
        Map<Integer, Double> ranks = new PageRank<>(graph, DAMPING, ITERATIONS, TOLERANCE).getScores();
        long computed = System.nanoTime();

        double sum = 0;
        List<Object> shown = new ArrayList<>();
        int step = Math.max(size / SHOWN, 1);
        for (int vertex = 0; vertex < size; vertex++) {
            double rank = ranks.get(vertex);
            sum += rank;
            if (vertex % step == 0) {
                shown.add(rank);
            }
        }
        return Map.of(
                "result", Map.of("vertices", graph.vertexSet().size(), "edges", graph.edgeSet().size(), "sum", sum, "ranks", shown),
                "measurement", Map.of(
                        "graph_generating_time", microseconds(begin, generated),
                        "compute_time", microseconds(generated, computed)));
    }
}
