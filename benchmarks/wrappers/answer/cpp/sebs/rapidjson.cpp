// Functions written for SeBS take and return values of rapidjson. SEBS_RAPIDJSON
// is defined for those whose sources include it.
#ifdef SEBS_RAPIDJSON

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "function.hpp"

rapidjson::Document function(const rapidjson::Value &event);

nlohmann::json function(const nlohmann::json &event) {
  const std::string text = event.dump();
  rapidjson::Document in;
  in.Parse(text.data(), text.size());
  if (in.HasParseError()) throw std::runtime_error("rapidjson cannot read the event");
  const rapidjson::Document out = function(static_cast<const rapidjson::Value &>(in));
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  if (!out.Accept(writer)) throw std::runtime_error("what the function returned is no JSON: it has an infinite number or none");
  return nlohmann::json::parse(buffer.GetString(), buffer.GetString() + buffer.GetSize());
}

#endif
