// Downloads photos and says what is on them, by ResNet-50.
//
// The model is ONNX, which OpenCV reads and computes. Debian's build of PyTorch
// reads none, and with the libraries that it needs has more than 250 MB.
#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/dnn.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "jpeg.hpp"

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

static const int shorter = 256;  // a photo is shrunk until its shorter side has that many pixels
static const int side = 224;     // width and height of its middle, which is used
static const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};

static std::vector<std::string> classes;

// Model is a network and where it came from.
struct Model {
  std::string bucket, key;
  cv::dnn::Net net;
};

static Model loaded;

void init() {
  std::ifstream file("function/resources/classes.json");
  classes = json::parse(file).get<std::vector<std::string>>();
}

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

// fetch returns an object's content.
static std::string fetch(const std::string &bucket, const std::string &key) {
  std::string data = sebs::Storage::instance().download_stream(bucket, key);
  if (data.empty()) throw std::invalid_argument("the object " + key + " is empty");
  return data;
}

// load returns a network.
static cv::dnn::Net load(const std::string &data, const std::string &key) {
  try {
    cv::dnn::Net net = cv::dnn::readNetFromONNX(data.data(), data.size());
    if (net.empty()) throw std::invalid_argument("it has no layers");
    return net;
  } catch (const std::exception &error) {
    throw std::invalid_argument("the object " + key + " is not a whole model: " + error.what());
  }
}

// resize_rows returns an image with another number of rows: each is a mean of
// those within its reach, which weigh less the farther they are. OpenCV's linear
// filter does not reach farther when an image is shrunk, and its other filters
// make the network see something else.
static cv::Mat resize_rows(const cv::Mat &image, int rows) {
  double scale = double(image.rows) / rows, reach = std::max(scale, 1.0);
  cv::Mat resized = cv::Mat::zeros(rows, image.cols, image.type());
  for (int y = 0; y < rows; y++) {
    double centre = (y + 0.5) * scale, sum = 0;
    cv::Mat row = resized.row(y);
    int end = std::min(int(centre + reach + 0.5), image.rows);
    for (int i = std::max(int(centre - reach + 0.5), 0); i < end; i++) {
      double weight = std::max(1 - std::abs(i + 0.5 - centre) / reach, 0.0);
      cv::scaleAdd(image.row(i), weight, row, row);
      sum += weight;
    }
    row /= sum;
  }
  return resized;
}

static cv::Mat resize(const cv::Mat &image, cv::Size size) {
  return resize_rows(resize_rows(image, size.height).t(), size.width).t();
}

// prepare returns a photo as the network reads it.
static cv::Mat prepare(const std::string &photo, const std::string &key) {
  cv::Mat image;
  try {
    image = read_jpeg(photo, 4 * shorter, 4 * shorter);
  } catch (const std::runtime_error &error) {
    throw std::invalid_argument("the object " + key + " is not a whole JPEG image: " + error.what());
  }
  int least = std::min(image.cols, image.rows);
  cv::Size size(int(int64_t(image.cols) * shorter / least), int(int64_t(image.rows) * shorter / least));
  image.convertTo(image, CV_32F);
  image = resize(image, size)(cv::Rect((size.width - side) / 2, (size.height - side) / 2, side, side));

  const int shape[] = {1, 3, side, side};
  cv::Mat values(4, shape, CV_32F), channels[3];
  cv::split(image, channels);
  for (int c = 0; c < 3; c++) {
    cv::Mat plane(side, side, CV_32F, values.ptr<float>(0, c));
    channels[c].convertTo(plane, CV_32F, 1 / (255 * deviation[c]), -mean[c] / deviation[c]);
  }
  return values;
}

static int64_t microseconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
}

json function(const json &event) {
  std::string bucket = text(event, "bucket", "bucket");
  std::string model = fs::path(text(event, "bucket", "model")) / text(event, "object", "model");
  fs::path folder = text(event, "bucket", "input");
  const json &inputs = field(event, "object", "inputs");
  if (!inputs.is_array() || inputs.empty() ||
      !std::all_of(inputs.begin(), inputs.end(), [](const json &name) { return name.is_string(); })) {
    throw std::invalid_argument("the event's object.inputs is not a list of at least one name");
  }

  auto begin = Clock::now();
  std::vector<std::pair<std::string, std::string>> photos;  // by key
  size_t size = 0;
  for (const json &name : inputs) {
    std::string key = folder / name.get<std::string>();
    photos.emplace_back(key, fetch(bucket, key));
    size += photos.back().second.size();
  }
  auto downloaded = Clock::now(), model_downloaded = downloaded, model_loaded = downloaded;
  if (loaded.net.empty() || loaded.bucket != bucket || loaded.key != model) {
    loaded = {};  // two do not fit the memory
    std::string data = fetch(bucket, model);
    model_downloaded = Clock::now();
    size += data.size();
    loaded = {bucket, model, load(data, model)};
    model_loaded = Clock::now();
  }

  json predictions = json::array();
  for (size_t i = 0; i < photos.size(); i++) {
    loaded.net.setInput(prepare(photos[i].second, photos[i].first));
    cv::Mat scores = loaded.net.forward();
    if (scores.total() != classes.size() || scores.type() != CV_32F) {
      throw std::invalid_argument("the object " + model + " is a model with " + std::to_string(scores.total()) + " classes, want " +
                                  std::to_string(classes.size()));
    }
    const float *best = std::max_element(scores.ptr<float>(), scores.ptr<float>() + scores.total());
    ptrdiff_t index = best - scores.ptr<float>();
    predictions.push_back({{"key", inputs[i]}, {"idx", index}, {"class", classes[size_t(index)]}, {"score", *best}});
  }
  auto computed = Clock::now();

  return {
      {"result", {{"predictions", predictions}}},
      {"measurement",
       {{"download_time", microseconds(begin, model_downloaded)},
        {"download_size", size},
        {"compute_time", microseconds(model_downloaded, computed)},
        {"model_time", microseconds(model_downloaded, model_loaded)},
        {"model_download_time", microseconds(downloaded, model_downloaded)}}},
  };
}
