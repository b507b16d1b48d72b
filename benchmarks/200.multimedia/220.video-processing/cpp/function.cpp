// Downloads a video, puts a watermark on it or makes a GIF of it with FFmpeg's
// libraries, and uploads that.
#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "video.hpp"

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

static const std::map<std::string, Operation> operations = {
    {"watermark",
     {".mp4",
      "movie=function/resources/watermark.png[watermark];"
      "[in][watermark]overlay=(main_w-overlay_w)/2:(main_h-overlay_h)/2,format=yuv420p[out]",
      "libx264"}},
    {"extract-gif",
     {".gif", "[in]fps=10,scale=320:-1:flags=lanczos,split[a][b];[a]palettegen[p];[b][p]paletteuse[out]", "gif"}},
};

void init() { quiet(); }

// field returns a value of an object of the event.
static const json &field(const json &event, const std::string &object, const std::string &name) {
  auto values = event.find(object);
  if (values == event.end() || !values->is_object() || !values->contains(name)) {
    throw std::invalid_argument("the event has no " + object + "." + name);
  }
  return (*values)[name];
}

static std::string text(const json &event, const std::string &object, const std::string &name) {
  const json &value = field(event, object, name);
  if (!value.is_string()) throw std::invalid_argument("the event's " + object + "." + name + " is " + value.type_name() + ", want string");
  return value.get<std::string>();
}

// Folder is a temporary one.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "video-XXXXXX").string();
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

// check_whole throws unless the file is MP4 to its end: what was cut off may not
// be missed.
static void check_whole(const fs::path &file, const std::string &name) {
  uint64_t size = fs::file_size(file), at = 0;
  if (size == 0) throw std::invalid_argument("the object " + name + " is empty");
  std::ifstream in(file, std::ios::binary);
  while (at < size) {
    unsigned char header[16] = {};
    in.clear();
    in.seekg(std::streamoff(at));
    in.read(reinterpret_cast<char *>(header), sizeof header);
    auto number = [&](int from, int to) {
      uint64_t value = 0;
      for (int i = from; i < to; i++) value = value << 8 | header[i];
      return value;
    };
    uint64_t length = number(0, 4);
    if (length == 1) length = number(8, 16);
    if (length == 0) length = size - at;  // the box lasts to the end
    if (length < 8 || (at == 0 && memcmp(header + 4, "ftyp", 4) != 0)) {
      throw std::invalid_argument("the object " + name + " is not an MP4 video");
    }
    if (length > size - at) {
      throw std::invalid_argument("the object " + name + " is not a whole video: " + std::to_string(length - (size - at)) + " bytes are missing");
    }
    at += length;
  }
}

static int64_t microseconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
}

json function(const json &event) {
  sebs::Storage &client = sebs::Storage::instance();
  std::string bucket = text(event, "bucket", "bucket");
  fs::path key = fs::path(text(event, "bucket", "input")) / text(event, "object", "key");
  std::string name = text(event, "object", "op");
  auto operation = operations.find(name);
  if (operation == operations.end()) throw std::invalid_argument("the event's object.op is " + json(name).dump() + ", want watermark or extract-gif");
  const json &seconds = field(event, "object", "duration");
  if (!seconds.is_number() || !(seconds > 0)) {
    throw std::invalid_argument("the event's object.duration is " + seconds.dump() + ", want more than 0 seconds");
  }
  const std::string &extension = operation->second.extension;
  fs::path output = fs::path(text(event, "bucket", "output")) / (key.stem().string() + "-" + name + extension);

  Folder work;
  fs::path source = work.path / "input.mp4", target = work.path / ("output" + extension);
  auto begin = Clock::now();
  client.download(bucket, key, source);
  auto downloaded = Clock::now();
  check_whole(source, key);
  try {
    transcode(operation->second, source, target, seconds.get<double>());
  } catch (const std::runtime_error &error) {
    throw std::invalid_argument("FFmpeg failed on the object " + key.string() + ": " + error.what());
  }
  auto computed = Clock::now();
  uintmax_t download_size = fs::file_size(source), upload_size = fs::file_size(target);
  auto start = Clock::now();
  std::string stored = client.upload(bucket, output, target);
  auto uploaded = Clock::now();

  return {
      {"result", {{"bucket", bucket}, {"key", stored}}},
      {"measurement",
       {{"download_time", microseconds(begin, downloaded)},
        {"download_size", download_size},
        {"compute_time", microseconds(downloaded, computed)},
        {"upload_time", microseconds(start, uploaded)},
        {"upload_size", upload_size}}},
  };
}
