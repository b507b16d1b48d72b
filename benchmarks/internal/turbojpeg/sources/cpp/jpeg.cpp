#include "jpeg.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include <jpeglib.h>

#include <jerror.h>

namespace {

constexpr int64_t most = 1 << 28;  // pixels: a few bytes can announce more than memory holds

// Errors brings the library's errors to where it was called: an exception must
// not pass through C.
struct Errors : jpeg_error_mgr {
  jmp_buf caller;
  char message[JMSG_LENGTH_MAX];

  Errors() {
    jpeg_std_error(this);
    error_exit = fail;
    emit_message = warn;
  }

  static void fail(j_common_ptr info) {
    auto *errors = static_cast<Errors *>(info->err);
    errors->format_message(info, errors->message);
    longjmp(errors->caller, 1);
  }

  // warn fails if something is missing: the library would make it up.
  static void warn(j_common_ptr info, int level) {
    int code = info->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)) fail(info);
  }
};

// Reader reads an image. The functions that are passed to guard may have no
// objects with destructors.
class Reader {
 public:
  explicit Reader(std::string_view data) {
    info.err = &errors;
    guard([&] {
      jpeg_create_decompress(&info);
      jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(data.data()), data.size());
      jpeg_read_header(&info, TRUE);
    });
    if (int64_t(info.image_width) * int64_t(info.image_height) > most) {
      throw std::runtime_error("it has " + std::to_string(info.image_width) + " x " + std::to_string(info.image_height) + " pixels");
    }
  }

  cv::Size size() const { return {int(info.image_width), int(info.image_height)}; }

  cv::Mat read(int width, int height) {
    guard([&] {
      info.out_color_space = JCS_RGB;
      for (info.scale_denom = 8; info.scale_denom > 1; info.scale_denom /= 2) {
        jpeg_calc_output_dimensions(&info);
        if (int(info.output_width) >= width && int(info.output_height) >= height) break;
      }
      jpeg_start_decompress(&info);
    });
    cv::Mat image(int(info.output_height), int(info.output_width), CV_8UC3);
    guard([&] {
      while (info.output_scanline < info.output_height) {
        JSAMPROW row = image.ptr(int(info.output_scanline));
        jpeg_read_scanlines(&info, &row, 1);
      }
      jpeg_finish_decompress(&info);
    });
    return image;
  }

 private:
  template <typename F>
  void guard(F steps) {
    if (setjmp(errors.caller) != 0) throw std::runtime_error(errors.message);
    steps();
  }

  struct Info : jpeg_decompress_struct {
    Info() : jpeg_decompress_struct() {}
    ~Info() { jpeg_destroy_decompress(this); }
  };

  Errors errors;
  Info info;
};

// Writer writes an image.
struct Writer {
  jpeg_compress_struct info{};
  unsigned char *data = nullptr;
  unsigned long size = 0;

  ~Writer() {
    jpeg_destroy_compress(&info);
    free(data);
  }
};

}  // namespace

cv::Mat read_jpeg(std::string_view data, int width, int height) { return Reader(data).read(width, height); }

cv::Size jpeg_size(std::string_view data) { return Reader(data).size(); }

std::string write_jpeg(const cv::Mat &image, int quality) {
  Errors errors;
  Writer writer;
  writer.info.err = &errors;
  if (setjmp(errors.caller) != 0) throw std::runtime_error(errors.message);
  jpeg_create_compress(&writer.info);
  jpeg_mem_dest(&writer.info, &writer.data, &writer.size);
  writer.info.image_width = JDIMENSION(image.cols);
  writer.info.image_height = JDIMENSION(image.rows);
  writer.info.input_components = 3;
  writer.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&writer.info);
  jpeg_set_quality(&writer.info, quality, TRUE);
  jpeg_start_compress(&writer.info, TRUE);
  while (writer.info.next_scanline < writer.info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.ptr(int(writer.info.next_scanline)));
    jpeg_write_scanlines(&writer.info, &row, 1);
  }
  jpeg_finish_compress(&writer.info);
  return std::string(reinterpret_cast<char *>(writer.data), writer.size);
}
