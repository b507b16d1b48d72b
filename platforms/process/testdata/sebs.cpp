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
  std::string streamed;
  uint64_t stream = 0, used = 0, lost = 1, unused = 1;
  std::tie(stream, used) = client.download_stream(Aws::String(bucket), Aws::String(key), [&](std::istream &in) {
    std::getline(in, streamed);
    while (timeSinceEpochMicrosec() % 1000 != 999) {
    }
  });
  std::tie(lost, unused) = client.download_stream(bucket, key + "-missing", [&](std::istream &) { streamed = ""; });
  std::stringstream into;
  Aws::IOStream &output = into;
  int retries = -1;
  uint64_t timed = client.download_file(bucket, key, retries, true, output);
  uint64_t all = timeSinceEpochMicrosec() - begin;
  uint64_t of_day = client.download_file(bucket, key, retries, false, output);
  uint64_t stored = client.upload_random_file(bucket, key, false, data.data(), data.size());

  rapidjson::Document answer;
  answer.SetObject();
  auto &alloc = answer.GetAllocator();
  rapidjson::Value result(rapidjson::kObjectType);
  result.AddMember("same", content == data, alloc);
  result.AddMember("missing", missing.empty() && none == 0, alloc);
  result.AddMember("refused", client.upload_random_file(bucket + "-missing", key, true, data.data(), data.size()) == 0, alloc);
  result.AddMember("times", upload > 0 && download > 0 && stream > 0 && timed > 0 && upload + download + stream + used + timed <= all, alloc);
  result.AddMember("of day", of_day >= begin && stored >= of_day && stored <= timeSinceEpochMicrosec(), alloc);
  result.AddMember("streamed", streamed == data && lost == 0 && unused == 0, alloc);
  result.AddMember("into", into.str() == data + data && retries == 0, alloc);
  result.AddMember("nothing", client.upload_random_file(bucket, key, true, nullptr, 1) == 0 && client.upload_random_file(bucket, key, true, data.data(), 0) == 0, alloc);
  answer.AddMember("result", result, alloc);
  rapidjson::Value measurement(rapidjson::kObjectType);
  measurement.AddMember("upload_time", upload, alloc);
  answer.AddMember("measurement", measurement, alloc);
  return answer;
}
