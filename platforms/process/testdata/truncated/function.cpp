#include <sebs/function.hpp>
#include <sebs/storage.hpp>

#include <functional>
#include <nlohmann/json.hpp>

using json = nlohmann::json;

static std::string attempt(const std::function<void()> &download) {
  try {
    download();
    return "";
  } catch (const std::exception &e) {
    return e.what();
  }
}

json function(const json &) {
  sebs::Storage &client = sebs::Storage::instance();
  return {{"result",
           {{"file", attempt([&] { client.download("b", "cut", "/tmp/cut"); })},
            {"stream", attempt([&] { client.download_stream("b", "cut"); })}}}};
}
