// Signed requests to a store that speaks a protocol of AWS.
//
// libcurl signs them with version 4 and keeps connections open, one for each
// thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sebs {

// Failure is a store's refusal of what was asked: "GET /bucket/key", or a
// table's operation. status is HTTP's, code the store's own word.
struct Failure : std::runtime_error {
  Failure(long status, std::string code, const std::string &message, const std::string &asked)
      : std::runtime_error(asked + ": " + code + ": " + message + " (HTTP status " + std::to_string(status) + ")"),
        status(status),
        code(std::move(code)) {}

  long status;
  std::string code;
};

// environment returns a variable of the store's access, which the platform
// sets.
std::string environment(const std::string &name);

// Request is what to ask a store.
struct Request {
  std::string method;
  std::string path;  // not encoded
  std::map<std::string, std::string> query = {};
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string_view body = {};
  FILE *file = nullptr;  // sent in the place of body, from where it stands
  int64_t length = 0;    // of what file is sent
  FILE *into = nullptr;  // gets what the store answers
};

// Client sends requests to one service. Safe for use by several threads.
class Client {
 public:
  // The store's access is in the variables that begin with prefix.
  Client(const std::string &prefix, std::string service);

  // request sends a request and returns what the store answered, empty if it
  // went into a file.
  std::string request(const Request &r) const;

 private:
  std::string url, service, signature, credentials;
};

// element returns the text of the first element of a name after from, and
// moves from behind it; false if there is none.
bool element(const std::string &xml, const std::string &name, size_t &from, std::string &text);

// decode returns what a text encoded for URLs stands for.
std::string decode(const std::string &text);

}  // namespace sebs
