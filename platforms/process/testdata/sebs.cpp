// A function as for SeBS: values of rapidjson, and its storage.
#include <rapidjson/document.h>

#include <string>
#include <tuple>

#include "storage.hpp"
#include "utils.hpp"

rapidjson::Document function(const rapidjson::Value &request) {
  static sebs::Storage client = sebs::Storage::get_client();
  std::string bucket = request["bucket"].GetString(), key = request["key"].GetString();
  std::string data(request["size"].GetUint64(), 'x');
  uint64_t begin = timeSinceEpochMicrosec();
  uint64_t upload = client.upload_random_file(bucket, key, true, data.data(), data.size());
  auto [content, download] = client.download_file(bucket, key);
  auto [missing, none] = client.download_file(bucket, key + "-missing");
  uint64_t all = timeSinceEpochMicrosec() - begin;

  rapidjson::Document answer;
  answer.SetObject();
  auto &alloc = answer.GetAllocator();
  rapidjson::Value result(rapidjson::kObjectType);
  result.AddMember("same", content == data, alloc);
  result.AddMember("missing", missing.empty() && none == 0, alloc);
  result.AddMember("refused", client.upload_random_file(bucket + "-missing", key, true, data.data(), data.size()) == 0, alloc);
  result.AddMember("times", upload > 0 && download > 0 && upload + download <= all, alloc);
  answer.AddMember("result", result, alloc);
  rapidjson::Value measurement(rapidjson::kObjectType);
  measurement.AddMember("upload_time", upload, alloc);
  answer.AddMember("measurement", measurement, alloc);
  return answer;
}
