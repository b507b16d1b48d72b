// Downloads a genome and draws it as a line: its points are uploaded as JSON.
#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

// text returns a string of an object of the event.
static std::string text(const json &event, const std::string &object, const std::string &name) {
  auto values = event.find(object);
  if (values == event.end() || !values->is_object() || !values->contains(name)) {
    throw std::invalid_argument("the event has no " + object + "." + name);
  }
  const json &value = (*values)[name];
  if (!value.is_string()) throw std::invalid_argument("the event's " + object + "." + name + " is " + value.type_name() + ", want string");
  return value.get<std::string>();
}

static bool letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

static std::string_view trimmed(std::string_view line) {
  const char *space = " \t\r\v\f";
  size_t first = line.find_first_not_of(space);
  return first == std::string_view::npos ? "" : line.substr(first, line.find_last_not_of(space) + 1 - first);
}

// read returns the bases of all sequences of a FASTA file.
static std::string read(std::string_view fasta, const std::string &name) {
  if (fasta.empty()) throw std::invalid_argument("the object " + name + " is empty");
  if (fasta[0] != '>') throw std::invalid_argument("the object " + name + " is not a FASTA file: it does not begin with >");
  std::string bases;
  while (!fasta.empty()) {
    size_t end = std::min(fasta.find('\n'), fasta.size());
    if (fasta[0] != '>') bases += trimmed(fasta.substr(0, end));
    fasta.remove_prefix(std::min(end + 1, fasta.size()));
  }
  if (bases.empty()) throw std::invalid_argument("the object " + name + " has no sequence");
  for (char base : bases) {
    if (!letter(base)) throw std::invalid_argument("the object " + name + " has a sequence with other characters than letters");
  }
  return bases;
}

// Rise is how many halves a base takes the line up in its first half and in its
// whole, after the method of squiggle. Letters for bases that are not known take
// it nowhere.
struct Rise {
  int half, whole;
};

static Rise rise(char base) {
  switch (base) {
    case 'A':
    case 'a':
      return {1, 0};
    case 'C':
    case 'c':
      return {-1, 0};
    case 'G':
    case 'g':
      return {1, 2};
    case 'T':
    case 't':
      return {-1, -2};
  }
  return {0, 0};
}

// append writes a number of halves.
static void append(std::string &out, int64_t halves) {
  char digits[24];
  if (halves < 0) out += '-';
  uint64_t size = halves < 0 ? -uint64_t(halves) : uint64_t(halves);
  out.append(digits, std::to_chars(digits, digits + sizeof digits, size / 2).ptr);
  out += size % 2 == 0 ? ".0" : ".5";
}

// draw returns the line of a sequence as JSON: a list of x and a list of y, two
// points for each base after the first, at 0.
static std::string draw(const std::string &bases) {
  std::string out = "[[";
  out.reserve(bases.size() * 40);
  for (size_t i = 0; i <= 2 * bases.size(); i++) {
    if (i > 0) out += ", ";
    append(out, int64_t(i));
  }
  out += "], [0.0";
  int64_t level = 0;
  for (char base : bases) {
    Rise up = rise(base);
    out += ", ";
    append(out, level + up.half);
    level += up.whole;
    out += ", ";
    append(out, level);
  }
  return out += "]]";
}

static int64_t microseconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
}

json function(const json &event) {
  sebs::Storage &client = sebs::Storage::instance();
  std::string bucket = text(event, "bucket", "bucket");
  fs::path source = fs::path(text(event, "bucket", "input")) / text(event, "object", "key");
  fs::path target = fs::path(text(event, "bucket", "output")) / (source.filename().string() + ".json");

  auto begin = Clock::now();
  std::string fasta = client.download_stream(bucket, source);
  auto downloaded = Clock::now();
  std::string drawing = draw(read(fasta, source));
  auto computed = Clock::now();
  std::string key = client.upload_stream(bucket, target, drawing);
  auto uploaded = Clock::now();

  return {
      {"result", {{"bucket", bucket}, {"key", key}}},
      {"measurement",
       {{"download_time", microseconds(begin, downloaded)},
        {"download_size", fasta.size()},
        {"compute_time", microseconds(downloaded, computed)},
        {"upload_time", microseconds(computed, uploaded)},
        {"upload_size", drawing.size()}}},
  };
}
