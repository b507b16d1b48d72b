#include "answer.hpp"

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <typeinfo>

#include "function.hpp"
#include "invocation.hpp"
#include "process.hpp"

namespace sebs {
namespace {

using json = nlohmann::json;

constexpr size_t most = 4096;  // bytes of an error's message

// Constructed before everything that the function constructs.
struct Loading {
  int64_t began = monotonic_ns();
} loading __attribute__((init_priority(101)));

struct Worker {
  int64_t boot = boot_us();
  int64_t init = 0;  // µs
  std::string id = random_id();
  std::optional<json> failed;  // why init did

  std::mutex mutex;  // for what follows
  std::string sandbox;
  int64_t count = 0;
};

Worker &worker() {
  static Worker w;
  return w;
}

// type_name returns the name of an exception's class, without its namespaces.
std::string type_name(const std::type_info &type) {
  int status = 0;
  std::unique_ptr<char, void (*)(void *)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), free);
  std::string full = status == 0 ? name.get() : type.name();
  size_t parameters = full.find('<'), colon = full.rfind(':', parameters);
  return colon == std::string::npos ? full : full.substr(colon + 1);
}

// describe describes the exception that is being handled, and prints it.
json describe(const char *phase) {
  std::string type = "unknown", message = "something that is no std::exception was thrown";
  try {
    throw;
  } catch (const std::exception &e) {
    type = type_name(typeid(e));
    message = e.what();
  } catch (const std::string &s) {
    type = "string";
    message = s;
  } catch (const char *s) {
    type = "string";
    message = s;
  } catch (...) {
    if (const std::type_info *t = abi::__cxa_current_exception_type()) type = type_name(*t);
  }
  fprintf(stderr, "%s: %s\n", type.c_str(), message.c_str());
  if (message.size() > most) message.resize(most);
  return {{"phase", phase}, {"type", type}, {"message", message}};
}

// require_depth throws if a value is nested more deeply than readers of JSON
// follow: writing it would use up the stack.
void require_depth(const json &value, int most = 1000) {
  if (!value.is_structured()) return;
  if (most == 0) throw std::invalid_argument("the value is nested too deeply for JSON");
  for (const json &member : value) require_depth(member, most - 1);
}

// written returns a value as JSON. Text that is no UTF-8 is an error.
std::string written(const json &value) {
  require_depth(value);
  return value.dump();
}

// without_halves replaces the escapes of halves of characters in JSON, which
// have no bytes in UTF-8.
std::string without_halves(std::string_view text) {
  std::string whole(text);
  auto half = [&whole](size_t at, char low, char high) {  // whether \ud8.. to \ud8.. is there
    return at + 6 <= whole.size() && whole[at] == '\\' && whole[at + 1] == 'u' && (whole[at + 2] | 0x20) == 'd' &&
           (whole[at + 3] | 0x20) >= low && (whole[at + 3] | 0x20) <= high;
  };
  for (size_t at = 0; (at = whole.find('\\', at)) != std::string::npos;) {
    if (half(at, '8', 'b') && half(at + 6, 'c', 'f')) {
      at += 12;
      continue;
    }
    if (half(at, '8', 'f')) whole.replace(at + 2, 4, "fffd");
    at += 2;
  }
  return whole;
}

json read(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::exception &e) {
    std::string whole = without_halves(text);
    if (whole == text) throw Malformed(e.what());
    return read(whole);
  }
}

}  // namespace

void load() {
  Worker &w = worker();
  peak_memory();  // opens what it reads, before the handler can use up what may be open
  if (init) {
    try {
      init();
    } catch (...) {
      w.failed = describe("init");
    }
  }
  w.init = std::max<int64_t>((monotonic_ns() - loading.began) / 1000, 1);
}

Answer answer(std::string_view text, const std::string &platform_request) {
  double income = double(unix_us()) / 1e6;
  json event = read(text);
  Worker &w = worker();
  std::string request;
  if (event.is_object()) {
    auto id = event.find("request-id");
    if (id != event.end() && !id->is_null()) request = id->is_string() ? id->get<std::string>() : id->dump();
  }
  bool cold = false;
  int64_t count;
  std::string sandbox;
  {
    std::lock_guard<std::mutex> alone(w.mutex);
    count = ++w.count;
    if (w.sandbox.empty()) {
      std::string id = random_id();
      std::optional<std::string> found = enter_sandbox(id);
      cold = found ? *found == id : count == 1;
      w.sandbox = found.value_or(w.id);  // without a place to write, the process is all that can be told
    }
    sandbox = w.sandbox;
  }

  json error, result, measurement, others;
  std::unique_ptr<Invocation> invoked;
  int64_t begin = unix_us(), end = begin, took = 0, processor = 0;
  if (w.failed) {
    error = *w.failed;
  } else {
    try {
      if (!event.is_object()) throw std::invalid_argument("the event is not a JSON object");
      event["request-id"] = request;
      event["income-timestamp"] = income;
      invoked = invocation(event);
    } catch (...) {
      error = describe("handler");
    }
    int64_t before = processor_us();
    begin = unix_us();
    int64_t start = monotonic_ns();
    try {
      if (invoked) invoked->call();
    } catch (...) {
      error = describe("handler");
    }
    took = monotonic_ns() - start;
    end = unix_us();
    processor = processor_us() - before;
  }
  if (error.is_null()) {
    try {
      result = invoked->result();
    } catch (...) {
      error = describe("handler");
    }
    if (result.is_object()) {
      auto measured = result.find("measurement");
      if (measured != result.end()) measurement = *measured;
      auto member = result.find("result");
      if (member != result.end()) {
        json only = std::move(*member);
        result.erase(member);
        result.erase("measurement");
        if (!result.empty()) others = std::move(result);
        result = std::move(only);
      }
    }
    if (!measurement.is_null() && !measurement.is_object()) {
      measurement = nullptr;
      error = {{"phase", "handler"}, {"type", "TypeError"}, {"message", "the measurement is not an object"}};
    }
  }

  std::string values = ",\"measurement\":null,\"result\":null}";
  if (error.is_null()) {
    try {
      values = ",\"measurement\":" + written(measurement) + ",\"result\":" + written(result);
      if (!others.is_null()) values += ",\"others\":" + written(others);
      values += "}";
    } catch (...) {
      error = describe("handler");
    }
    result = nullptr;
  }
  json a = {
      {"request", request},
      {"platform_request", platform_request},
      {"begin_us", begin},
      {"end_us", end},
      {"handler_ns", took},
      {"init_us", count == 1 ? w.init : 0},
      {"boot_us", w.boot},
      {"sandbox", sandbox},
      {"cold", cold},
      {"worker", w.id},
      {"worker_cold", count == 1},
      {"count", count},
      {"cpu_us", processor},
      {"memory_bytes", peak_memory()},
      {"error", error},
  };
  // What is no UTF-8 in a message is replaced: the answer is JSON.
  std::string whole = a.dump(-1, ' ', false, json::error_handler_t::replace);
  whole.pop_back();
  whole.reserve(whole.size() + values.size());
  whole += values;
  return Answer{std::move(whole), !error.is_null()};
}

}  // namespace sebs
