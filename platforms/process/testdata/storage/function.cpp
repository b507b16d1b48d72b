#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using json = nlohmann::json;

json function(const json &event) {
  sebs::Storage &client = sebs::Storage::instance();
  std::string bucket = event["bucket"], key = event["key"];
  std::ofstream("/tmp/up") << std::string(event["megabytes"].get<size_t>() << 20, 'x');
  std::vector<std::string> names = {
      client.upload(bucket, key, "/tmp/up"),
      client.upload_stream(bucket, key, "stream"),
      client.upload_stream(bucket, key, ""),
  };
  client.download(bucket, names[0], "/tmp/down");
  FILE *sum = popen("sha256sum /tmp/down", "r");
  char digits[65] = "";
  if (sum == nullptr || fgets(digits, sizeof digits, sum) == nullptr) throw std::runtime_error("sha256sum");
  pclose(sum);
  client.download_directory(bucket, event["prefix"], "/tmp/all");
  std::vector<std::string> found;
  for (const auto &entry : std::filesystem::recursive_directory_iterator("/tmp/all")) {
    if (entry.is_regular_file()) found.push_back(entry.path().lexically_relative("/tmp/all").string());
  }
  std::sort(found.begin(), found.end());
  std::string refused;
  try {
    client.download_stream(bucket, "no-such-key");
  } catch (const sebs::Failure &e) {
    refused = e.what();
  }
  return {{"result",
           {{"names", names},
            {"sha256", digits},
            {"stream", client.download_stream(bucket, names[1])},
            {"found", found},
            {"refused", refused},
            {"same", &sebs::Storage::instance() == &client}}}};
}
