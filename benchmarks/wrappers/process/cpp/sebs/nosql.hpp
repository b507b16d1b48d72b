// The NoSQL store of a function: sebs::NoSQL::instance().
//
// Tables are named as the benchmark names them. A key is a pair of its name and
// its value; the key of an item is a primary one and a secondary one, which is
// missing for a table without.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sigv4.hpp"

namespace sebs {

// NoSQL is items in tables: JSON objects. A whole number that fits in no 64
// bits is read as a string of its digits, bytes as their base64. Safe for use by
// several threads.
class NoSQL {
 public:
  using json = nlohmann::json;
  using Key = std::pair<std::string, json>;
  using Secondary = std::optional<Key>;

  static NoSQL &instance();

  // insert stores an item, in the place of one with the same key.
  void insert(const std::string &table, const Key &primary, const Secondary &secondary, const json &data);

  // get returns an item with its key, nothing if there is none.
  std::optional<json> get(const std::string &table, const Key &primary, const Secondary &secondary);

  // update sets some values of an item, which is made if it does not exist.
  void update(const std::string &table, const Key &primary, const Secondary &secondary, const json &updates);

  // query returns the items of a primary key, by their secondary keys.
  std::vector<json> query(const std::string &table, const Key &primary);

  // remove deletes an item. One that does not exist is not an error.
  void remove(const std::string &table, const Key &primary, const Secondary &secondary);

 private:
  json call(const std::string &operation, const std::string &table, json request);

  Client client{"SEBS_NOSQL", "dynamodb"};
};

}  // namespace sebs
