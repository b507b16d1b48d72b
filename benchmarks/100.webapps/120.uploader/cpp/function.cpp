// Downloads a file from a URL and uploads it to the object store.
#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <curl/curl.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

static const long timeout = 30;  // seconds without a byte

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

// Folder is a temporary one.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "uploader-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + ": " + strerror(errno));
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  fs::path path;
};

// URL is the address of a file.
class URL {
 public:
  explicit URL(const std::string &address) {
    const std::string wrong = "the event's object.url is " + json(address).dump() + ", want http or https and a file's name";
    if (!url) throw std::bad_alloc();
    if (curl_url_set(url.get(), CURLUPART_URL, address.c_str(), 0) != CURLUE_OK) throw std::invalid_argument(wrong);
    std::string scheme = part(CURLUPART_SCHEME, 0), host = part(CURLUPART_HOST, 0), port = part(CURLUPART_PORT, 0);
    name = fs::path(part(CURLUPART_PATH, CURLU_URLDECODE)).filename();
    if ((scheme != "http" && scheme != "https") || name.empty()) throw std::invalid_argument(wrong);
    shown = scheme + "://" + host + (port.empty() ? "" : ":" + port) + part(CURLUPART_PATH, 0);
  }

  CURLU *get() const { return url.get(); }

  std::string name;   // of the file
  std::string shown;  // in messages: without the signature

 private:
  std::string part(CURLUPart which, unsigned flags) const {
    char *value = nullptr;
    if (curl_url_get(url.get(), which, &value, flags) != CURLUE_OK) return "";
    std::string copy = value;
    curl_free(value);
    return copy;
  }

  std::unique_ptr<CURLU, void (*)(CURLU *)> url{curl_url(), curl_url_cleanup};
};

// fetch writes what the URL has to a file, whole, on a connection of its own.
static void fetch(const URL &url, const fs::path &path) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "wb"), fclose);
  if (!file) throw std::runtime_error(path.string() + ": " + strerror(errno));
  std::unique_ptr<CURL, void (*)(CURL *)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw std::bad_alloc();
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_CURLU, url.get());
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "SeBS 120.uploader");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, timeout);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, timeout);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_BUFFERSIZE, 512L << 10);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, file.get());
  CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) throw std::runtime_error("GET " + url.shown + ": " + (*error ? error : curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) throw std::runtime_error("GET " + url.shown + ": HTTP status " + std::to_string(status));
  if (fflush(file.get()) != 0) throw std::runtime_error(path.string() + ": " + strerror(errno));
}

static int64_t microseconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
}

json function(const json &event) {
  sebs::Storage &client = sebs::Storage::instance();
  std::string bucket = text(event, "bucket", "bucket");
  fs::path output = text(event, "bucket", "output");
  std::string address = text(event, "object", "url");
  URL url(address);

  Folder folder;
  fs::path file = folder.path / "file";
  auto begin = Clock::now();
  fetch(url, file);
  auto downloaded = Clock::now();
  uintmax_t size = fs::file_size(file);
  auto start = Clock::now();
  std::string key = client.upload(bucket, output / url.name, file);
  auto uploaded = Clock::now();

  return {
      {"result", {{"bucket", bucket}, {"url", address}, {"key", key}}},
      {"measurement",
       {{"download_time", microseconds(begin, downloaded)},
        {"download_size", size},
        {"compute_time", 0},
        {"upload_time", microseconds(start, uploaded)},
        {"upload_size", size}}},
  };
}
