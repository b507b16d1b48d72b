#include "storage.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

namespace sebs {
namespace {

using File = std::unique_ptr<FILE, int (*)(FILE *)>;

File open_file(const std::string &name, const char *mode) {
  File f(fopen(name.c_str(), mode), fclose);
  if (!f) throw std::runtime_error(name + ": " + strerror(errno));
  return f;
}

// elapsed does something with the store, and returns how many microseconds it
// took, at least one, or 0 if it failed.
template <typename Work>
uint64_t elapsed(const Work &work) {
  auto begin = std::chrono::steady_clock::now();
  try {
    work();
  } catch (const std::exception &e) {
    fprintf(stderr, "%s\n", e.what());
    return 0;
  }
  auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  return std::max<int64_t>(took.count(), 1);
}

uint64_t microseconds_of_day() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Storage &Storage::instance() {
  static Storage storage;
  return storage;
}

std::string Storage::unique_name(const std::string &name) {
  std::random_device random;
  char digits[10];
  snprintf(digits, sizeof digits, ".%08x", unsigned(random()));
  size_t slash = name.rfind('/'), first = slash == std::string::npos ? 0 : slash + 1, dot = name.rfind('.');
  if (dot == std::string::npos || dot <= first) dot = name.size();
  return name.substr(0, dot) + digits + name.substr(dot);
}

std::string Storage::upload(const std::string &bucket, const std::string &key, const std::string &file) {
  std::string name = unique_name(key);
  File f = open_file(file, "rb");
  struct stat info {};
  if (fstat(fileno(f.get()), &info) != 0) throw std::runtime_error(file + ": " + strerror(errno));
  Request r{"PUT", "/" + bucket + "/" + name, {}, {{"content-type", "application/octet-stream"}}};
  r.file = f.get();
  r.length = info.st_size;
  client.request(r);
  return name;
}

std::string Storage::upload_stream(const std::string &bucket, const std::string &key, std::string_view data) {
  std::string name = unique_name(key);
  put(bucket, name, data);
  return name;
}

void Storage::put(const std::string &bucket, const std::string &key, std::string_view data) {
  client.request({"PUT", "/" + bucket + "/" + key, {}, {{"content-type", "application/octet-stream"}}, data});
}

void Storage::download(const std::string &bucket, const std::string &key, const std::string &file) {
  File f = open_file(file, "wb");
  Request r{"GET", "/" + bucket + "/" + key};
  r.into = f.get();
  client.request(r);
  if (fflush(f.get()) != 0) throw std::runtime_error(file + ": " + strerror(errno));
}

std::string Storage::download_stream(const std::string &bucket, const std::string &key) {
  return client.request({"GET", "/" + bucket + "/" + key});
}

std::tuple<std::string, uint64_t> Storage::download_file(const std::string &bucket, const std::string &key) {
  std::string data;
  uint64_t took = elapsed([&] { data = download_stream(bucket, key); });
  return {std::move(data), took};
}

uint64_t Storage::download_file(const std::string &bucket, const std::string &key, int &required_retries, bool report_dl_time,
                                std::ostream &output) {
  std::string data;
  const uint64_t took = elapsed([&] {
    for (required_retries = 0;; required_retries++) {
      try {
        data = download_stream(bucket, key);
        return;
      } catch (const std::exception &) {
        if (required_retries == 1499) throw;
      }
    }
  });
  const uint64_t now = microseconds_of_day();
  output.clear();
  output << data;
  return took == 0 || report_dl_time ? took : now;
}

uint64_t Storage::upload_random_file(const std::string &bucket, const std::string &key, bool report_dl_time, const char *data,
                                     size_t size) {
  if (data == nullptr || size == 0) return 0;
  const uint64_t took = elapsed([&] { put(bucket, key, {data, size}); });
  return took == 0 || report_dl_time ? took : microseconds_of_day();
}

void Storage::download_directory(const std::string &bucket, const std::string &prefix, const std::string &folder) {
  namespace fs = std::filesystem;
  for (const std::string &key : list(bucket, prefix)) {
    if (("/" + key + "/").find("/../") != std::string::npos) {
      throw std::runtime_error("the object " + key + " would be stored outside of " + folder);
    }
    if (key.empty() || key.back() == '/') continue;  // the marker of a folder
    fs::path file = fs::path(folder) / fs::path(key).relative_path();
    fs::create_directories(file.parent_path());
    download(bucket, key, file.string());
  }
}

std::vector<std::string> Storage::list(const std::string &bucket, const std::string &prefix) {
  std::vector<std::string> keys;
  Request r{"GET", "/" + bucket, {{"list-type", "2"}, {"prefix", prefix}, {"encoding-type", "url"}}};
  for (;;) {
    std::string page = client.request(r), text, token;
    size_t from = 0;
    bool encoded = element(page, "EncodingType", from, text) && text == "url";
    for (from = 0; element(page, "Key", from, text);) keys.push_back(encoded ? decode(text) : text);
    from = 0;
    if (!element(page, "NextContinuationToken", from, token) || token.empty()) return keys;
    r.query["continuation-token"] = token;
  }
}

}  // namespace sebs
