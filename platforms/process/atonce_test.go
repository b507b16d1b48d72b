package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// atOnce are functions that call themselves eight times at once through their
// wrapper, as a runtime with several calls in a process does, and return how
// many different counts the answers have and how many failed. Python, Node.js
// and Go have tests beside their wrappers.
var atOnce = map[string]string{
	"java": `package function;

import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;

public class Function {
  private static final CyclicBarrier together = new CyclicBarrier(8);

  public Object handler(Map<String, Object> event) throws Exception {
    if (event.containsKey("meet")) {
      together.await();
      return "é";
    }
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Future<String>> calls = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      calls.add(threads.submit(() -> {
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        sebs.Answer.of(new HashMap<String, Object>(Map.of("meet", 1)), "").send(out);
        return out.toString(StandardCharsets.UTF_8);
      }));
    }
    Set<Object> counts = new HashSet<>();
    int failed = 0;
    for (Future<String> call : calls) {
      Map<?, ?> answer = (Map<?, ?>) sebs.Json.parse(call.get());
      counts.add(answer.get("count"));
      if (answer.get("error") != null || !"é".equals(answer.get("result")) || Boolean.TRUE.equals(answer.get("cold"))) failed++;
    }
    threads.shutdown();
    return Map.of("counts", counts.size(), "failed", failed);
  }
}
`,
	"cpp": `#include <sebs/answer.hpp>
#include <sebs/function.hpp>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

using json = nlohmann::json;

static std::atomic<int> together{0};

json function(const json &event) {
  if (event.contains("meet")) {
    for (together++; together < 8;) std::this_thread::yield();
    return "é";
  }
  std::vector<json> answers(8);
  std::vector<std::thread> threads;
  for (json &a : answers) threads.emplace_back([&a] { a = json::parse(sebs::answer(R"({"meet": 1})", "").text); });
  for (std::thread &t : threads) t.join();
  std::set<int> counts;
  int failed = 0;
  for (const json &a : answers) {
    counts.insert(a["count"].get<int>());
    if (!a["error"].is_null() || a["result"] != "é" || a["cold"].get<bool>()) failed++;
  }
  return {{"counts", counts.size()}, {"failed", failed}};
}
`,
}

func TestCallsAtOnce(t *testing.T) {
	for language, source := range atOnce {
		t.Run(language, func(t *testing.T) {
			p := openPlatform(t, isolations["shared"])
			s := spec(t, p, language)
			got := result[map[string]int](t, deploy(t, p, s, built(t, s, source)), `{}`)
			require.Equal(t, map[string]int{"counts": 8, "failed": 0}, got)
		})
	}
}
