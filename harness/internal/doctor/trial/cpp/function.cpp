#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <nlohmann/json.hpp>

nlohmann::json function(const nlohmann::json &event) {
  return {{"result", sebs::Storage::instance().download_stream(event.at("bucket"), event.at("key"))}};
}
