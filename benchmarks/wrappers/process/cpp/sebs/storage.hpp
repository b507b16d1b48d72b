// The object store of a function: sebs::Storage::instance().
#pragma once

#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "sigv4.hpp"

namespace sebs {

// Storage is objects in buckets. Safe for use by several threads.
class Storage {
 public:
  static Storage &instance();

  // unique_name returns name with eight random digits before its extension.
  static std::string unique_name(const std::string &name);

  // upload stores a file under a unique name made of key, and returns that
  // name.
  std::string upload(const std::string &bucket, const std::string &key, const std::string &file);

  // upload_stream stores bytes under a unique name made of key, and returns
  // that name.
  std::string upload_stream(const std::string &bucket, const std::string &key, std::string_view data);

  // download stores an object in a file.
  void download(const std::string &bucket, const std::string &key, const std::string &file);

  // download_stream returns an object's content.
  std::string download_stream(const std::string &bucket, const std::string &key);

  // download_directory stores all objects whose keys begin with prefix in files
  // folder/key.
  void download_directory(const std::string &bucket, const std::string &prefix, const std::string &folder);

  // What functions written for SeBS call. Times are microseconds.

  static Storage get_client() { return {}; }

  // download_file returns an object's content and the time that it took, or
  // nothing and 0 if it failed.
  std::tuple<std::string, uint64_t> download_file(const std::string &bucket, const std::string &key);

  // The same, into a stream; tried again until it succeeds, 1500 times at most.
  // The time is that of day if report_dl_time is false.
  uint64_t download_file(const std::string &bucket, const std::string &key, int &required_retries, bool report_dl_time,
                         std::ostream &output);

  // download_stream calls f with a std::istream & of an object's content, and
  // returns the time of the download and that of f, or 0 and 0, without a call
  // of f, if it failed.
  template <typename F>
  std::tuple<uint64_t, uint64_t> download_stream(const std::string &bucket, const std::string &key, F &&f) {
    auto [data, took] = download_file(bucket, key);
    if (took == 0) return {0, 0};
    std::istringstream in(std::move(data));
    auto begin = std::chrono::steady_clock::now();
    f(static_cast<std::istream &>(in));
    auto spent = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    return {took, spent.count()};
  }

  // upload_random_file stores bytes under key itself, and returns the time that
  // it took, that of day if report_dl_time is false, or 0 if it failed or there
  // are none.
  uint64_t upload_random_file(const std::string &bucket, const std::string &key, bool report_dl_time, const char *data, size_t size);

 private:
  void put(const std::string &bucket, const std::string &key, std::string_view data);
  std::vector<std::string> list(const std::string &bucket, const std::string &prefix);

  Client client{"SEBS_STORAGE", "s3"};
};

}  // namespace sebs
