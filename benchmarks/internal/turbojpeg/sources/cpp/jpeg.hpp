// JPEG images in memory, as OpenCV's: 8 bits each of red, green and blue.
//
// OpenCV reads and writes JPEG with the same library, but it takes an image of
// which a part is missing for a whole one, cannot shrink while it reads, and
// its module for files needs a hundred other libraries.
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <string_view>

// read_jpeg returns an image, or one that is smaller by 2, 4 or 8, as long as
// its sides have at least the given numbers of pixels. What is wrong with the
// data is thrown as std::runtime_error.
cv::Mat read_jpeg(std::string_view data, int width, int height);

// jpeg_size returns the size of an image before it is read.
cv::Size jpeg_size(std::string_view data);

// write_jpeg returns an image's JPEG, with a quality from 1 to 100.
std::string write_jpeg(const cv::Mat &image, int quality);
