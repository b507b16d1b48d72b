#include "nosql.hpp"

#include <cmath>
#include <stdexcept>

namespace sebs {
namespace {

using json = NoSQL::json;

std::string base64(const std::vector<uint8_t> &bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = uint32_t(bytes[i]) << 16;
    if (i + 1 < bytes.size()) three |= uint32_t(bytes[i + 1]) << 8;
    if (i + 2 < bytes.size()) three |= bytes[i + 2];
    text += {digits[three >> 18], digits[three >> 12 & 63], i + 1 < bytes.size() ? digits[three >> 6 & 63] : '=',
             i + 2 < bytes.size() ? digits[three & 63] : '='};
  }
  return text;
}

json encode(const json &v);

json encode_item(const json &item) {
  json encoded = json::object();
  for (const auto &[name, value] : item.items()) encoded[name] = encode(value);
  return encoded;
}

// encode returns a value as DynamoDB writes it.
json encode(const json &v) {
  switch (v.type()) {
    case json::value_t::null:
      return {{"NULL", true}};
    case json::value_t::boolean:
      return {{"BOOL", v}};
    case json::value_t::string:
      return {{"S", v}};
    case json::value_t::object:
      return {{"M", encode_item(v)}};
    case json::value_t::array: {
      json list = json::array();
      for (const json &e : v) list.push_back(encode(e));
      return {{"L", list}};
    }
    case json::value_t::binary:
      return {{"B", base64(v.get_binary())}};
    case json::value_t::number_float:
      if (!std::isfinite(v.get<double>())) throw std::invalid_argument("a number that is not finite cannot be stored");
      return {{"N", v.dump()}};
    default:
      return {{"N", v.dump()}};
  }
}

json decode_value(const json &v);

json decode_item(const json &item) {
  json decoded = json::object();
  for (const auto &[name, value] : item.items()) decoded[name] = decode_value(value);
  return decoded;
}

json decode_number(const std::string &digits) {
  json n = json::parse(digits);
  bool whole = digits.find_first_of(".eE") == std::string::npos;
  if (whole && n.is_number_float()) return digits;  // more than 64 bits
  return n;
}

// decode_value returns the value that DynamoDB writes as v.
json decode_value(const json &v) {
  const std::string &kind = v.begin().key();
  const json &value = v.begin().value();
  if (kind == "NULL") return nullptr;
  if (kind == "N") return decode_number(value.get<std::string>());
  if (kind == "M") return decode_item(value);
  if (kind == "L" || kind == "NS") {
    json list = json::array();
    for (const json &e : value) list.push_back(kind == "L" ? decode_value(e) : decode_number(e.get<std::string>()));
    return list;
  }
  return value;  // S, BOOL, SS, and B in base64
}

json key_of(const NoSQL::Key &primary, const NoSQL::Secondary &secondary) {
  json key = {{primary.first, encode(primary.second)}};
  if (secondary) key[secondary->first] = encode(secondary->second);
  return key;
}

}  // namespace

NoSQL &NoSQL::instance() {
  static NoSQL nosql;
  return nosql;
}

void NoSQL::insert(const std::string &table, const Key &primary, const Secondary &secondary, const json &data) {
  json item = encode_item(data);
  item.update(key_of(primary, secondary));
  call("PutItem", table, {{"Item", item}});
}

std::optional<json> NoSQL::get(const std::string &table, const Key &primary, const Secondary &secondary) {
  json answer = call("GetItem", table, {{"Key", key_of(primary, secondary)}, {"ConsistentRead", true}});
  auto item = answer.find("Item");
  if (item == answer.end()) return std::nullopt;
  return decode_item(*item);
}

void NoSQL::update(const std::string &table, const Key &primary, const Secondary &secondary, const json &updates) {
  json request = {{"Key", key_of(primary, secondary)}}, names = json::object(), values = json::object();
  std::string set;
  for (const auto &[name, value] : updates.items()) {
    std::string i = std::to_string(names.size());
    set += (set.empty() ? "SET #n" : ", #n") + i + " = :v" + i;
    names["#n" + i] = name;
    values[":v" + i] = encode(value);
  }
  if (!set.empty()) {
    request["UpdateExpression"] = set;
    request["ExpressionAttributeNames"] = names;
    request["ExpressionAttributeValues"] = values;
  }
  call("UpdateItem", table, request);
}

std::vector<json> NoSQL::query(const std::string &table, const Key &primary) {
  json request = {
      {"KeyConditionExpression", "#k = :v"},
      {"ExpressionAttributeNames", {{"#k", primary.first}}},
      {"ExpressionAttributeValues", {{":v", encode(primary.second)}}},
      {"ConsistentRead", true},
  };
  std::vector<json> items;
  for (;;) {
    json answer = call("Query", table, request);
    for (const json &item : answer["Items"]) items.push_back(decode_item(item));
    auto last = answer.find("LastEvaluatedKey");
    if (last == answer.end() || last->is_null()) return items;
    request["ExclusiveStartKey"] = *last;
  }
}

void NoSQL::remove(const std::string &table, const Key &primary, const Secondary &secondary) {
  call("DeleteItem", table, {{"Key", key_of(primary, secondary)}});
}

json NoSQL::call(const std::string &operation, const std::string &table, json request) {
  request["TableName"] = environment("SEBS_NOSQL_TABLE_" + table);
  std::string body = request.dump();
  return json::parse(client.request({"POST", "/", {},
                                     {{"content-type", "application/x-amz-json-1.0"}, {"x-amz-target", "DynamoDB_20120810." + operation}},
                                     body}));
}

}  // namespace sebs
