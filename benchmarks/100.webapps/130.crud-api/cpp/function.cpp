// Answers the requests of a shopping cart's API from a NoSQL table.
#include <sebs/function.hpp>
#include <sebs/nosql.hpp>

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

using json = nlohmann::json;

static const std::string table = "shopping_cart";

static json get_product(const std::string &cart, const std::string &product) {
  std::optional<json> item = sebs::NoSQL::instance().get(table, {"cart_id", cart}, {{"product_id", product}});
  if (!item) throw std::runtime_error("cart " + cart + " has no product " + product);
  return *item;
}

static json get_cart(const std::string &cart) {
  json products = json::array();
  double cost = 0, count = 0;
  for (const json &item : sebs::NoSQL::instance().query(table, {"cart_id", cart})) {
    double quantity = item.at("quantity").get<double>();
    products.push_back(item.at("name"));
    cost += item.at("price").get<double>() * quantity;
    count += quantity;
  }
  return {{"products", products}, {"total_cost", cost}, {"avg_price", count > 0 ? cost / count : 0}};
}

static json put_product(const std::string &cart, const std::string &product, const json &name, const json &price, const json &quantity) {
  json data = {{"name", name}, {"price", price}, {"quantity", quantity}};
  sebs::NoSQL::instance().insert(table, {"cart_id", cart}, {{"product_id", product}}, data);
  return json::object();
}

// member returns a member of an object, null if there is none.
static json member(const json &object, const char *name) { return object.is_object() ? object.value(name, json()) : json(); }

static std::string text(const json &value, const std::string &name) {
  if (!value.is_string() || value == "") {
    throw std::invalid_argument("the request's " + name + " is " + value.dump() + ", want a string that is not empty");
  }
  return value.get<std::string>();
}

static json number(const json &value, const std::string &name) {
  if (!value.is_number_integer()) {
    throw std::invalid_argument("the request's " + name + " is " + value.dump() + ", want an integer");
  }
  return value;
}

static json answer(const json &request) {
  json route = member(request, "route"), body = member(request, "body");
  if (!body.is_object()) throw std::invalid_argument(std::string("the request's body is ") + body.type_name() + ", want object");
  std::string cart = text(member(body, "cart"), "cart");
  if (route == "GET /cart") return get_cart(cart);
  if (route == "GET /cart/{id}") return get_product(cart, text(member(member(request, "path"), "id"), "path.id"));
  if (route == "PUT /cart") {
    return put_product(cart, text(member(body, "product_id"), "product_id"), text(member(body, "name"), "name"),
                       number(member(body, "price"), "price"), number(member(body, "quantity"), "quantity"));
  }
  throw std::invalid_argument("unknown route " + route.dump());
}

json function(const json &event) {
  json requests = member(event, "requests");
  if (!requests.is_array()) throw std::invalid_argument(std::string("the event's requests are ") + requests.type_name() + ", want array");
  json result = json::array();
  for (const json &request : requests) result.push_back(answer(request));
  return {{"result", result}};
}
