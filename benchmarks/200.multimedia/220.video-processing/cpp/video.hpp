// Videos through FFmpeg's libraries: the beginning of a file is decoded,
// filtered, encoded and written to another file.
#pragma once

#include <string>

// quiet makes the libraries print errors only.
void quiet();

// Operation is what is made of a video.
struct Operation {
  std::string extension;  // of the output, with its dot
  std::string filter;     // from [in] to [out], as FFmpeg describes graphs
  std::string encoder;
};

// transcode makes the output of a video's first seconds. What is wrong is thrown
// as std::runtime_error.
void transcode(const Operation &operation, const std::string &source, const std::string &target, double seconds);
