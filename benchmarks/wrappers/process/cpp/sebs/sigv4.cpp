#include "sigv4.hpp"

#include <curl/curl.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace sebs {
namespace {

// quote encodes text as signatures want it: everything but letters, digits,
// -._~ and the characters of safe.
std::string quote(std::string_view text, std::string_view safe) {
  std::string quoted;
  for (unsigned char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        std::string_view("-._~").find(char(c)) != std::string_view::npos || safe.find(char(c)) != std::string_view::npos) {
      quoted += char(c);
    } else {
      quoted += '%';
      quoted += "0123456789ABCDEF"[c >> 4];
      quoted += "0123456789ABCDEF"[c & 15];
    }
  }
  return quoted;
}

// unescape returns what the text of an XML element stands for.
std::string unescape(const std::string &text) {
  static const std::map<std::string, char> names = {{"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"amp", '&'}};
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    size_t end = text[at] == '&' ? text.find(';', at) : std::string::npos;
    if (end == std::string::npos) {
      plain += text[at++];
      continue;
    }
    std::string name = text.substr(at + 1, end - at - 1);
    auto found = names.find(name);
    if (found != names.end()) {
      plain += found->second;
    } else if (name.size() > 1 && name[0] == '#') {
      bool hex = name[1] == 'x';
      unsigned long point = strtoul(name.c_str() + (hex ? 2 : 1), nullptr, hex ? 16 : 10);
      if (point < 0x80) {
        plain += char(point);
      } else if (point < 0x800) {
        plain += {char(0xc0 | point >> 6), char(0x80 | (point & 0x3f))};
      } else if (point < 0x10000) {
        plain += {char(0xe0 | point >> 12), char(0x80 | (point >> 6 & 0x3f)), char(0x80 | (point & 0x3f))};
      } else {
        plain += {char(0xf0 | point >> 18), char(0x80 | (point >> 12 & 0x3f)), char(0x80 | (point >> 6 & 0x3f)), char(0x80 | (point & 0x3f))};
      }
    } else {
      plain += text.substr(at, end - at + 1);
    }
    at = end + 1;
  }
  return plain;
}

// Handle is a thread's connection.
struct Handle {
  CURL *curl = curl_easy_init();
  ~Handle() { curl_easy_cleanup(curl); }
};

// Received is where an answer goes: one of success into the file, if there is
// one.
struct Received {
  CURL *curl;
  FILE *into;
  std::string text;
};

size_t receive(char *data, size_t size, size_t count, void *to) {
  auto *r = static_cast<Received *>(to);
  long status = 0;
  curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
  if (r->into != nullptr && status < 300) return fwrite(data, 1, size * count, r->into);
  r->text.append(data, size * count);
  return size * count;
}

// member returns a string of a flat JSON object, without a parser: this file is
// compiled also where there are no tables.
std::string member(const std::string &object, const std::string &name) {
  size_t at = object.find('"' + name + '"');
  if (at == std::string::npos) return "";
  at = object.find('"', object.find(':', at));
  if (at == std::string::npos) return "";
  return object.substr(at + 1, object.find('"', at + 1) - at - 1);
}

[[noreturn]] void refuse(long status, const std::string &text, const std::string &asked) {
  std::string code = "Error", message = "no reason given";
  if (!text.empty() && text[0] == '{') {
    std::string type = member(text, "__type");
    if (!type.empty()) code = type.substr(type.rfind('#') + 1);
    for (const char *name : {"message", "Message"}) {
      if (std::string m = member(text, name); !m.empty()) message = m;
    }
  } else {
    size_t from = 0;
    element(text, "Code", from, code);
    from = 0;
    element(text, "Message", from, message);
  }
  throw Failure(status, code, message, asked);
}

}  // namespace

bool element(const std::string &xml, const std::string &name, size_t &from, std::string &text) {
  size_t begin = xml.find('<' + name + '>', from);
  if (begin == std::string::npos) return false;
  begin += name.size() + 2;
  size_t end = xml.find('<', begin);
  if (end == std::string::npos) return false;
  text = unescape(xml.substr(begin, end - begin));
  from = end;
  return true;
}

std::string decode(const std::string &text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '%' && i + 2 < text.size()) {
      plain += char(strtoul(text.substr(i + 1, 2).c_str(), nullptr, 16));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::string environment(const std::string &name) {
  const char *value = getenv(name.c_str());
  if (value == nullptr || *value == 0) {
    throw std::runtime_error(name + " is not set: config.json must name the module in its list of modules");
  }
  return value;
}

Client::Client(const std::string &prefix, std::string service) : url(environment(prefix + "_URL")), service(std::move(service)) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  const char *region = getenv((prefix + "_REGION").c_str());
  signature = std::string("aws:amz:") + (region && *region ? region : "us-east-1") + ":" + this->service;
  credentials = environment(prefix + "_ACCESS_KEY") + ":" + environment(prefix + "_SECRET_KEY");
}

std::string Client::request(const Request &r) const {
  thread_local Handle handle;
  CURL *curl = handle.curl;
  if (curl == nullptr) throw std::bad_alloc();
  curl_easy_reset(curl);  // connections stay open

  auto target = r.headers.find("x-amz-target");
  std::string asked = target == r.headers.end() ? r.method + " " + r.path : target->second;
  std::string address = url + quote(r.path, "/");
  char separator = '?';
  for (const auto &[name, value] : r.query) {
    address += separator + quote(name, "") + "=" + quote(value, "");
    separator = '&';
  }
  auto headers = r.headers;
  if (service == "s3") headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";  // it goes over loopback or TLS
  std::unique_ptr<curl_slist, void (*)(curl_slist *)> list(nullptr, curl_slist_free_all);
  for (const auto &[name, value] : headers) {
    curl_slist *longer = curl_slist_append(list.get(), (name + ": " + value).c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  }

  Received received{curl, r.into, {}};
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, signature.c_str());
  curl_easy_setopt(curl, CURLOPT_USERPWD, credentials.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // Before it sends much, curl asks whether it may. To forbid that takes a
  // header, which curl would sign and not send; so it does not wait for long.
  curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 300L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  if (r.file != nullptr) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READDATA, r.file);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, curl_off_t(r.length));
  } else if (r.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r.body.data() == nullptr ? "" : r.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(r.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());

  CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) throw std::runtime_error(asked + ": " + (*error ? error : curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 300) refuse(status, received.text, asked);
  return std::move(received.text);
}

}  // namespace sebs
