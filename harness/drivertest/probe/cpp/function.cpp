// The conformance suite's probe: a function that does what the event asks.
#include <sebs/function.hpp>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

extern char **environ;

using json = nlohmann::json;

class ProbeError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

void init() {
  const char *asked = getenv("PROBE_INIT");
  if (asked != nullptr && std::string(asked) == "raise") throw std::runtime_error("PROBE_INIT asks for it");
}

static std::string temporary() {
  const char *folder = getenv("TMPDIR");
  return folder != nullptr && *folder ? folder : "/tmp";
}

static std::string content(const std::string &file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

static std::vector<std::string> names(const std::string &folder) {
  std::vector<std::string> found;
  if (DIR *d = opendir(folder.c_str())) {
    while (dirent *e = readdir(d)) found.push_back(e->d_name);
    closedir(d);
  }
  found.erase(std::remove_if(found.begin(), found.end(), [](const std::string &n) { return n == "." || n == ".."; }), found.end());
  std::sort(found.begin(), found.end());
  return found;
}

static json spawn(const json &event) {
  std::string duration = "600." + event["marker"].get<std::string>();
  const char *arguments[] = {"sleep", duration.c_str(), nullptr};
  for (int i = 0; i < event["processes"]; i++) {
    pid_t pid;
    int error = posix_spawnp(&pid, "sleep", nullptr, nullptr, const_cast<char **>(arguments), environ);
    if (error != 0) throw std::system_error(error, std::generic_category(), "sleep");
  }
  return {{"processes", event["processes"]}};
}

// leave leaves a process that reads and prints whatever it inherits.
static json leave(const json &event) {
  const std::string command = "cat; cat <&3; echo left; exec sleep 600." + event["marker"].get<std::string>();
  const char *arguments[] = {"sh", "-c", command.c_str(), nullptr};
  pid_t pid;
  const int error = posix_spawnp(&pid, "sh", nullptr, nullptr, const_cast<char **>(arguments), environ);
  if (error != 0) throw std::system_error(error, std::generic_category(), "sh");
  return json::object();
}

// exhaust opens files until no more may be, and leaves them open.
static json exhaust(const json &event) {
  int opened = 0;
  while (opened < event["most"] && open("/dev/null", O_RDONLY) >= 0) opened++;
  return {{"opened", opened}};
}

static json nest(const json &event) {
  json value, answer = json::object();
  for (int i = 0; i < event["depth"]; i++) {
    json outer = json::array();
    outer.push_back(std::move(value));
    value = std::move(outer);
  }
  answer["value"] = std::move(value);
  return answer;
}

// leftovers counts the visible processes that spawn left with this marker.
static json leftovers(const json &event) {
  std::string duration = "600." + event["marker"].get<std::string>();
  int count = 0;
  if (access("/proc/self", F_OK) == 0) {
    std::string wanted = std::string("sleep") + '\0' + duration + '\0';
    for (const std::string &pid : names("/proc")) count += content("/proc/" + pid + "/cmdline") == wanted;
  } else if (FILE *ps = popen("ps -axo args", "r")) {
    char line[4096];
    while (fgets(line, sizeof line, ps) != nullptr) count += std::string(line) == "sleep " + duration + "\n";
    pclose(ps);
  }
  return {{"processes", count}};
}

// print prints on both streams, and past their buffers.
static json print(const json &event) {
  std::string line = event["text"].get<std::string>() + "\n";
  size_t times = event["bytes"].get<size_t>() / line.size() + 1;
  for (size_t i = 0; i < times; i++) {
    std::cout << line;
    std::cerr << line;
  }
  for (int fd : {1, 2}) {
    if (write(fd, line.data(), line.size()) < 0) perror("write");
  }
  return {{"printed", event["bytes"]}};
}

// corrupt writes nonsense into every socket that the process has.
static json corrupt(const json &) {
  const std::string nonsense = "this is no answer\r\n\r\n";
  for (int fd = 3; fd < 256; fd++) {
    struct stat s {};
    if (fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode) && write(fd, nonsense.data(), nonsense.size()) < 0) perror("write");
  }
  return json::object();
}

// transfer sends a text to a server and returns what it sends back.
static json transfer(const std::string &host, int port, const std::string &text) {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const auto failed = [server](const char *what) {
    const int error = errno;
    close(server);
    return std::system_error(error, std::generic_category(), what);
  };
  const timeval limit{5, 0};
  setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(server, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (connect(server, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) throw failed("connect");
  if (send(server, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) throw failed("send");
  shutdown(server, SHUT_WR);
  std::string received;
  char buffer[1024];
  ssize_t n;
  while ((n = recv(server, buffer, sizeof buffer, 0)) > 0) received.append(buffer, static_cast<size_t>(n));
  if (n < 0) throw failed("receive");
  close(server);
  return {{"text", received}};
}

static json facts(const json &event) {
  std::vector<std::string> keys;
  for (const auto &[key, value] : event.items()) keys.push_back(key);
  char folder[4096];
  std::string variant = content("function/variant.txt");
  while (!variant.empty() && variant.back() == '\n') variant.pop_back();
  return {{"keys", keys}, {"cwd", getcwd(folder, sizeof folder)}, {"variant", variant}};
}

json function(const json &event) {
  const auto entered = std::chrono::steady_clock::now();
  const std::string action = event["do"];
  if (action == "echo") {
    json answer = {{"value", nullptr}, {"environment", nullptr}};
    if (event.contains("value")) answer["value"] = event["value"];
    if (event.contains("environment")) {
      if (const char *value = getenv(event["environment"].get<std::string>().c_str())) answer["environment"] = value;
    }
    return answer;
  }
  if (action == "inside") {  // how long the handler took by its own clock
    return {{"inside_ns", std::chrono::nanoseconds(std::chrono::steady_clock::now() - entered).count()}};
  }
  if (action == "leave") return leave(event);
  if (action == "exhaust") return exhaust(event);
  if (action == "nest") return nest(event);
  if (action == "length") return {{"length", event["value"].get_ref<const std::string &>().size()}};
  if (action == "sleep") {
    std::this_thread::sleep_for(std::chrono::milliseconds(event["ms"].get<int>()));
    return {{"slept", event["ms"]}};
  }
  if (action == "hang") {
    for (int s : {SIGTERM, SIGINT, SIGHUP}) signal(s, SIG_IGN);
    for (;;) pause();
  }
  if (action == "raise") throw ProbeError(event["message"].get<std::string>());
  if (action == "exit") _exit(3);
  if (action == "allocate") {
    std::vector<char> block(event["mb"].get<size_t>() << 20);
    for (size_t i = 0; i < block.size(); i += 4096) block[i] = 1;  // touch each page
    return {{"mb", block.size() >> 20}};
  }
  if (action == "spawn") return spawn(event);
  if (action == "leftovers") return leftovers(event);
  if (action == "write") {
    std::ofstream out(temporary() + "/" + event["name"].get<std::string>());
    out << event["text"].get<std::string>();
    return {{"name", event["name"]}};
  }
  if (action == "list") return {{"names", names(temporary())}};
  if (action == "print") return print(event);
  if (action == "fill") return {{"filler", std::string(event["bytes"].get<size_t>(), 'x')}};
  if (action == "unserialisable") return {{"value", "\xff"}};
  if (action == "corrupt") return corrupt(event);
  if (action == "measure") return {{"result", {{"n", 1}}}, {"measurement", {{"compute_us", 123}}}};
  if (action == "connect") return transfer(event["host"], event["port"], event["text"]);
  if (action == "facts") return facts(event);
  throw std::invalid_argument("no action " + action);
}
