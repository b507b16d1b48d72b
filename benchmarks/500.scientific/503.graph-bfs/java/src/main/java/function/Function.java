package function;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jgrapht.opt.graph.sparse.SparseIntUndirectedGraph;
import org.jgrapht.traverse.BreadthFirstIterator;

/** Makes a random graph and searches it breadth first. */
public class Function {
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
        BreadthFirstIterator<Integer, Integer> search = new BreadthFirstIterator<>(graph, 0);
        int[] order = new int[size];
        int visited = 0;
        while (search.hasNext()) {
            order[visited++] = search.next();
        }
        long computed = System.nanoTime();

        // The order has as many vertices as the graph; what is returned is bounded.
        List<Object> layers = new ArrayList<>();
        for (int i = 0; i < visited;) {
            int depth = search.getDepth(order[i]);
            int first = i;
            long sum = 0;
            for (; i < visited && search.getDepth(order[i]) == depth; i++) {
                sum += order[i];
            }
            layers.add(Map.of("vertices", i - first, "sum", sum));
        }
        List<Object> path = new ArrayList<>();
        for (Integer vertex = order[visited - 1]; vertex != null; vertex = search.getParent(vertex)) {
            path.add(vertex);
        }
        return Map.of(
                "result", Map.of("vertices", graph.vertexSet().size(), "edges", graph.edgeSet().size(), "layers", layers, "path", path),
                "measurement", Map.of(
                        "graph_generating_time", microseconds(begin, generated),
                        "compute_time", microseconds(generated, computed)));
    }
}
