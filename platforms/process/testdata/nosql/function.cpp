#include <sebs/function.hpp>
#include <sebs/nosql.hpp>

using json = nlohmann::json;
using Key = sebs::NoSQL::Key;

json function(const json &event) {
  sebs::NoSQL &client = sebs::NoSQL::instance();
  Key user = {"user", event["user"]};
  for (int i = 0; i < 3; i++) {
    client.insert("cart", user, Key{"item", "i" + std::to_string(i)},
                  {{"amount", i}, {"price", i + 0.5}, {"tags", {"a", {{"b", nullptr}}}}, {"paid", i == 1}});
  }
  client.update("cart", user, Key{"item", "i1"}, {{"amount", 12345678901234567890u}, {"name", "ü"}});
  client.remove("cart", user, Key{"item", "i2"});
  client.remove("cart", user, Key{"item", "missing"});
  std::string missing = client.get("cart", user, Key{"item", "missing"}) ? "found" : "nothing", unknown;
  try {
    client.get("unknown", user, Key{"item", "i1"});
  } catch (const std::runtime_error &e) {
    unknown = e.what();
  }
  json got = *client.get("cart", user, Key{"item", "i1"});
  return {{"result",
           {{"got", got},
            {"all", client.query("cart", user)},
            {"missing", missing},
            {"unknown", unknown},
            {"large", got["amount"].dump()}}}};
}
