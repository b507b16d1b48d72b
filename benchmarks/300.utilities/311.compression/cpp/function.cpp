// Downloads a folder, packs it into a zip archive and uploads that.
#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

static const int level = 9;  // of deflate

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
    std::string name = (fs::temp_directory_path() / "compression-XXXXXX").string();
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

// files returns the paths of the files in a folder, relative to it, sorted.
static std::vector<std::string> files(const fs::path &folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry &entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(folder).generic_string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Archive is a zip archive that is written.
class Archive {
 public:
  explicit Archive(const fs::path &path) {
    int code = 0;
    zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_EXCL, &code);
    if (zip == nullptr) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      std::string message = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw std::runtime_error(path.string() + ": " + message);
    }
  }
  ~Archive() {
    if (zip != nullptr) zip_discard(zip);
  }
  Archive(const Archive &) = delete;
  Archive &operator=(const Archive &) = delete;

  void add(const fs::path &file, const std::string &name) {
    zip_source_t *source = zip_source_file(zip, file.c_str(), 0, -1);
    if (source == nullptr) fail(name);
    zip_int64_t index = zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_GUESS);
    if (index < 0) {
      zip_source_free(source);
      fail(name);
    }
    if (zip_set_file_compression(zip, zip_uint64_t(index), ZIP_CM_DEFLATE, level) != 0) fail(name);
  }

  // close compresses and writes what was added.
  void close() {
    if (zip_close(zip) != 0) fail("the archive");
    zip = nullptr;
  }

 private:
  [[noreturn]] void fail(const std::string &what) { throw std::runtime_error(what + ": " + zip_strerror(zip)); }

  zip_t *zip;
};

static int64_t microseconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
}

json function(const json &event) {
  sebs::Storage &client = sebs::Storage::instance();
  std::string bucket = text(event, "bucket", "bucket");
  std::string prefix = fs::path(text(event, "bucket", "input")) / text(event, "object", "key");
  std::string target = fs::path(text(event, "bucket", "output")) / (fs::path(prefix).filename().string() + ".zip");

  Folder work;
  fs::path tree = work.path / "tree", packed = work.path / "archive.zip";
  fs::create_directory(tree);

  auto begin = Clock::now();
  client.download_directory(bucket, prefix + "/", tree);
  auto downloaded = Clock::now();
  std::vector<std::string> names = files(tree);
  if (names.empty()) throw std::invalid_argument("there are no objects under " + prefix);
  uintmax_t size = 0;
  for (const std::string &name : names) size += fs::file_size(tree / name);

  auto start = Clock::now();
  Archive archive(packed);
  for (const std::string &name : names) archive.add(tree / name, name);
  archive.close();
  auto computed = Clock::now();
  uintmax_t packed_size = fs::file_size(packed);
  std::string key = client.upload(bucket, target, packed);
  auto uploaded = Clock::now();

  return {
      {"result", {{"bucket", bucket}, {"key", key}}},
      {"measurement",
       {{"download_time", microseconds(begin, downloaded)},
        {"download_size", size},
        {"compute_time", microseconds(start, computed)},
        {"upload_time", microseconds(computed, uploaded)},
        {"upload_size", packed_size}}},
  };
}
