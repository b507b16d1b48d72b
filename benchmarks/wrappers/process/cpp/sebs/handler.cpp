// Serves a function over HTTP/1.1: one request at a time, bodies by
// Content-Length.
//
// Without an argument it serves the socket that the platform passes as
// descriptor 3; with a port, one connection after another; with a port and
// "once", until the end of the first on which something came.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "answer.hpp"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0  // macOS
#endif

namespace {

constexpr size_t head_most = 16 << 10;   // the longest request head
constexpr size_t body_most = 50 << 20;   // the largest event
constexpr size_t together = 64 << 10;    // of an answer that is copied to be sent at once

// Refused is thrown for a request that cannot be understood.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Ended is thrown when the connection ends.
struct Ended {};

int serving = -1;  // the connection, which a child that the function forks does not keep
const pid_t own = getpid();

class Connection {
 public:
  explicit Connection(int fd) : fd(fd) { serving = fd; }

  // serve answers until the connection ends.
  void serve() {
    try {
      for (;;) {
        bool call = request();
        if (!call) {
          respond("200 OK\r\n", "");
          continue;
        }
        sebs::Answer a = sebs::answer(body, "");
        fflush(nullptr);
        if (getpid() != own) _exit(0);  // a child that the function forked and let return
        respond(a.failed ? "200 OK\r\nContent-Type: application/json\r\nSebs-Error: 1\r\n"
                         : "200 OK\r\nContent-Type: application/json\r\n",
                a.text);
      }
    } catch (const Ended &) {
    } catch (const std::runtime_error &e) {
      try {
        respond("400 Bad Request\r\nConnection: close\r\n", e.what());
      } catch (const Ended &) {
      }
    }
  }

 private:
  // receive reads at most length bytes, at least one.
  size_t receive(char *to, size_t length) {
    for (;;) {
      ssize_t n = read(fd, to, length);
      if (n > 0) return size_t(n);
      if (n < 0 && errno == EINTR) continue;
      throw Ended();
    }
  }

  void send(std::string_view data) {
    while (!data.empty()) {
      ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw Ended();
      data.remove_prefix(size_t(n));
    }
  }

  void respond(const char *status, std::string_view body) {
    std::string response = std::string("HTTP/1.1 ") + status + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (body.size() <= together) {
      response += body;
      body = "";
    }
    send(response);
    send(body);
  }

  // request reads a request's body and says whether it is a call. A GET asks
  // whether the server is there.
  bool request() {
    size_t end;
    while ((end = std::string_view(buffer.data(), filled).find("\r\n\r\n")) == std::string_view::npos) {
      if (filled > head_most) throw Refused("the request's head is too long");
      filled += receive(buffer.data() + filled, buffer.size() - filled);
    }
    std::string_view head(buffer.data(), end);
    bool call = head.substr(0, 4) != "GET ";
    size_t length = content_length(head), begin = end + 4;
    size_t had = std::min(filled - begin, length);
    if (length > body_most) {
      for (size_t missing = length - had; missing > 0;) {  // who sends it reads no answer before it is sent
        missing -= receive(buffer.data(), std::min(missing, buffer.size()));
      }
      throw Refused("the request has " + std::to_string(length) + " bytes, more than " + std::to_string(body_most));
    }
    body.resize(length);
    memcpy(body.data(), buffer.data() + begin, had);
    filled -= begin + had;
    memmove(buffer.data(), buffer.data() + begin + had, filled);
    while (had < length) had += receive(body.data() + had, length - had);
    return call;
  }

  // content_length returns the length that a head names, 0 if none.
  static size_t content_length(std::string_view head) {
    constexpr std::string_view name = "content-length:";
    for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
      at += 2;
      if (head.size() - at < name.size() || strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
      std::string_view value = head.substr(at + name.size());
      value = value.substr(0, value.find('\r'));
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      size_t length = 0;
      for (char c : value) {
        if (c < '0' || c > '9' || length > size_t(1) << 40) throw Refused("the request's Content-Length is no number");
        length = length * 10 + size_t(c - '0');
      }
      return length;
    }
    return 0;
  }

  int fd;
  std::vector<char> buffer = std::vector<char>(64 << 10);
  size_t filled = 0;
  std::string body;
};

// listen_at serves the connections to a port, or just the first on which
// something comes. Who waited for too long to be connected may hang up before.
int listen_at(int port, bool once) {
  int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(uint16_t(port));
  if (server < 0 || fcntl(server, F_SETFD, FD_CLOEXEC) < 0 ||
      setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
      bind(server, reinterpret_cast<sockaddr *>(&address), sizeof address) < 0 || listen(server, 128) < 0) {
    perror("listen");
    return 1;
  }
  for (;;) {
    int fd = accept(server, nullptr, nullptr);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      perror("accept");
      return 1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    char first;
    bool used = recv(fd, &first, 1, MSG_PEEK) > 0;
    if (used) Connection(fd).serve();
    close(fd);
    if (used && once) return 0;
  }
}

}  // namespace

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error, and not the end
  pthread_atfork(nullptr, nullptr, [] { close(serving); });
  sebs::load();
  if (count > 1) return listen_at(atoi(arguments[1]), count > 2 && strcmp(arguments[2], "once") == 0);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  Connection(3).serve();
  return 0;
}
