package function;

import java.util.Map;
import java.util.Set;
import org.jgrapht.alg.spanning.KruskalMinimumSpanningTree;
import org.jgrapht.opt.graph.sparse.SparseIntUndirectedWeightedGraph;

/** Makes a random graph with weights and finds its minimal spanning tree. */
public class Function {
    private static long microseconds(long start, long end) {
        return (end - start) / 1000;
    }

    public Map<String, Object> handler(Map<String, Object> event) {
        int size = Preferential.size(event);
        int seed = Preferential.seed(event);

        long begin = System.nanoTime();
        Preferential grown = new Preferential(size, seed);
        double[] weights = grown.weights();
        SparseIntUndirectedWeightedGraph graph = new SparseIntUndirectedWeightedGraph(size, grown.edges(), () -> grown.triples(weights));
        long generated = System.nanoTime();
        Set<Integer> tree = new KruskalMinimumSpanningTree<>(graph).getSpanningTree().getEdges();
        long computed = System.nanoTime();

        long weight = 0;
        long heaviest = 0;
        for (Integer edge : tree) {
            long w = (long) graph.getEdgeWeight(edge);
            weight += w;
            heaviest = Math.max(heaviest, w);
        }
        return Map.of(
                "result", Map.of(
                        "vertices", graph.vertexSet().size(),
                        "edges", graph.edgeSet().size(),
                        "tree", Map.of("edges", tree.size(), "weight", weight, "heaviest", heaviest)),
                "measurement", Map.of(
                        "graph_generating_time", microseconds(begin, generated),
                        "compute_time", microseconds(generated, computed)));
    }
}
