// Downloads a photo, shrinks it to fit a box and uploads it as JPEG.
#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <string>

#include "jpeg.hpp"

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;

static const int quality = 85;
static const int longest = 65500;  // side of a JPEG

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

// side returns the width or height of the box. No JPEG is larger than the
// largest box.
static int side(const json &event, const std::string &name) {
  const json &value = field(event, "object", name);
  if (!value.is_number_integer() || value < 1) {
    throw std::invalid_argument("the event's object." + name + " is " + value.dump() + ", want an integer of at least 1");
  }
  return value > longest ? longest : value.get<int>();
}

// fit returns the size of an image made to fit a box, its aspect kept, without
// making it larger.
static cv::Size fit(cv::Size image, cv::Size box) {
  if (image.width <= box.width && image.height <= box.height) return image;
  double scale = std::min(double(box.width) / image.width, double(box.height) / image.height);
  return {std::clamp(int(image.width * scale + 0.5), 1, box.width), std::clamp(int(image.height * scale + 0.5), 1, box.height)};
}

// shrink returns the photo as a JPEG that fits the box. It is read at no more
// than the size at which each of the thumbnail's pixels still has four.
static std::string shrink(const std::string &photo, cv::Size box) {
  cv::Size size = fit(jpeg_size(photo), box);
  cv::Mat thumbnail;
  cv::resize(read_jpeg(photo, 2 * size.width, 2 * size.height), thumbnail, size, 0, 0, cv::INTER_AREA);
  return write_jpeg(thumbnail, quality);
}

static int64_t microseconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
}

json function(const json &event) {
  sebs::Storage &client = sebs::Storage::instance();
  std::string bucket = text(event, "bucket", "bucket");
  std::filesystem::path source = text(event, "bucket", "input");
  source /= text(event, "object", "key");
  std::filesystem::path target = text(event, "bucket", "output") / source.filename();
  cv::Size box(side(event, "width"), side(event, "height"));

  auto begin = Clock::now();
  std::string photo = client.download_stream(bucket, source);
  auto downloaded = Clock::now();
  if (photo.empty()) throw std::invalid_argument("the object " + source.string() + " is empty");
  std::string thumbnail;
  try {
    thumbnail = shrink(photo, box);
  } catch (const std::runtime_error &error) {
    throw std::invalid_argument("the object " + source.string() + " is not a whole JPEG image: " + error.what());
  }
  auto computed = Clock::now();
  std::string key = client.upload_stream(bucket, target, thumbnail);
  auto uploaded = Clock::now();

  return {
      {"result", {{"bucket", bucket}, {"key", key}}},
      {"measurement",
       {{"download_time", microseconds(begin, downloaded)},
        {"download_size", photo.size()},
        {"compute_time", microseconds(downloaded, computed)},
        {"upload_time", microseconds(computed, uploaded)},
        {"upload_size", thumbnail.size()}}},
  };
}
