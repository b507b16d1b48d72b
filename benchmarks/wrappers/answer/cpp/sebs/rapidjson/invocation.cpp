// Functions written for SeBS take and return values of rapidjson. This is a
// source of those whose own sources include it, and takes the place of
// invocation.cpp in the library of the shims.
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "../invocation.hpp"

rapidjson::Document function(const rapidjson::Value &event);

namespace sebs {
namespace {

struct RapidJSON : Invocation {
  explicit RapidJSON(const nlohmann::json &event) {
    const std::string text = event.dump();
    in.Parse(text.data(), text.size());
    if (in.HasParseError()) throw std::runtime_error("rapidjson cannot read the event");
  }

  void call() override { out = function(static_cast<const rapidjson::Value &>(in)); }

  nlohmann::json result() override {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    if (!out.Accept(writer)) throw std::runtime_error("what the function returned is no JSON: it has an infinite number or none");
    return nlohmann::json::parse(buffer.GetString(), buffer.GetString() + buffer.GetSize());
  }

  rapidjson::Document in, out;
};

}  // namespace

std::unique_ptr<Invocation> invocation(const nlohmann::json &event) { return std::make_unique<RapidJSON>(event); }

}  // namespace sebs
