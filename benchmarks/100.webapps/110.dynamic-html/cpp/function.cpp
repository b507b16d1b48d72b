// Renders a page that greets a user and lists random numbers.
#include <sebs/function.hpp>

#include <ctemplate/template.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>

using json = nlohmann::json;

static const int limit = 1000000;  // numbers are below it
static const char *const page = "function/templates/template.html";

void init() {
  if (!ctemplate::LoadTemplate(page, ctemplate::STRIP_BLANK_LINES)) {
    throw std::runtime_error(std::string(page) + " cannot be loaded");
  }
}

json function(const json &event) {
  const json username = event.value("username", json());
  if (!username.is_string()) {
    throw std::invalid_argument("the event's username is " + username.dump() + ", want a string");
  }
  const json count = event.value("random_len", json());
  if (!count.is_number_integer() || count < 0) {
    throw std::invalid_argument("the event's random_len is " + count.dump() + ", want an integer of at least 0");
  }
  ctemplate::TemplateDictionary values("page");
  values.SetValue("USERNAME", username.get<std::string>());
  char now[32];
  std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  std::strftime(now, sizeof now, "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &utc));
  values.SetValue("TIME", now);
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> below(0, limit - 1);
  for (int i = 0; i < count; i++) {
    values.AddSectionDictionary("NUMBERS")->SetIntValue("NUMBER", below(random));
  }
  std::string html;
  if (!ctemplate::ExpandTemplate(page, ctemplate::STRIP_BLANK_LINES, &values, &html)) {
    throw std::runtime_error("the template cannot be rendered");
  }
  return {{"result", html}};
}
