#include "video.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>

namespace {

// check throws what a function of FFmpeg returned as its error.
int check(int code, const char *doing) {
  if (code >= 0) return code;
  if (code == AVERROR(ENOMEM)) throw std::bad_alloc();
  char text[AV_ERROR_MAX_STRING_SIZE];
  av_strerror(code, text, sizeof text);
  throw std::runtime_error(std::string(doing) + ": " + text);
}

template <auto release>
struct Release {
  template <typename T>
  void operator()(T *object) const {
    release(&object);
  }
};

template <typename T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

using Packet = Owned<AVPacket, av_packet_free>;
using Frame = Owned<AVFrame, av_frame_free>;
using Codec = Owned<AVCodecContext, avcodec_free_context>;
using Graph = Owned<AVFilterGraph, avfilter_graph_free>;

template <typename T>
T *have(T *object) {
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

// Input is the video of a file, frame by frame.
class Input {
 public:
  explicit Input(const std::string &file) {
    AVFormatContext *opened = nullptr;
    check(avformat_open_input(&opened, file.c_str(), nullptr, nullptr), "open");
    format.reset(opened);
    check(avformat_find_stream_info(opened, nullptr), "read");
    const AVCodec *codec = nullptr;
    index = check(av_find_best_stream(opened, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0), "find a video");
    decoder.reset(have(avcodec_alloc_context3(codec)));
    check(avcodec_parameters_to_context(decoder.get(), stream()->codecpar), "decoder");
    decoder->pkt_timebase = stream()->time_base;
    decoder->thread_count = 0;
    decoder->err_recognition = AV_EF_EXPLODE;
    check(avcodec_open2(decoder.get(), codec, nullptr), "decoder");
    rate = av_guess_frame_rate(opened, stream(), nullptr);
  }

  // read reads the next frame, false at the end.
  bool read(AVFrame *frame) {
    for (;;) {
      int code = avcodec_receive_frame(decoder.get(), frame);
      if (code == AVERROR_EOF) return false;
      if (code != AVERROR(EAGAIN)) {
        check(code, "decode");
        frame->pts = frame->best_effort_timestamp;
        return true;
      }
      feed();
    }
  }

  AVStream *stream() const { return format->streams[index]; }

  Codec decoder;
  AVRational rate;

 private:
  // feed gives the decoder the video's next packet, or says that there is none.
  void feed() {
    for (;;) {
      int code = av_read_frame(format.get(), packet.get());
      if (code == AVERROR_EOF) {
        check(avcodec_send_packet(decoder.get(), nullptr), "decode");
        return;
      }
      check(code, "read");
      bool ours = packet->stream_index == index;
      code = ours ? avcodec_send_packet(decoder.get(), packet.get()) : 0;
      av_packet_unref(packet.get());
      check(code, "decode");
      if (ours) return;
    }
  }

  Owned<AVFormatContext, avformat_close_input> format;
  Packet packet{have(av_packet_alloc())};
  int index;
};

// Filter is a graph of filters for a video.
class Filter {
 public:
  Filter(const Input &in, const std::string &description) {
    const AVCodecContext *video = in.decoder.get();
    AVRational time = in.stream()->time_base, aspect = video->sample_aspect_ratio;
    std::string format = "video_size=" + std::to_string(video->width) + "x" + std::to_string(video->height) +
                         ":pix_fmt=" + std::to_string(video->pix_fmt) + ":time_base=" + ratio(time) +
                         ":pixel_aspect=" + std::to_string(aspect.num) + "/" + std::to_string(std::max(aspect.den, 1)) +
                         ":frame_rate=" + ratio(in.rate);
    check(avfilter_graph_create_filter(&source, avfilter_get_by_name("buffer"), "in", format.c_str(), nullptr, graph.get()), "filter");
    check(avfilter_graph_create_filter(&sink, avfilter_get_by_name("buffersink"), "out", nullptr, nullptr, graph.get()), "filter");
    // Seen from the graph, what gives frames is an output and what takes them an input.
    Ends outputs{have(avfilter_inout_alloc())}, inputs{have(avfilter_inout_alloc())};
    outputs->name = av_strdup("in");
    outputs->filter_ctx = source;
    inputs->name = av_strdup("out");
    inputs->filter_ctx = sink;
    AVFilterInOut *to = inputs.release(), *from = outputs.release();
    int code = avfilter_graph_parse_ptr(graph.get(), description.c_str(), &to, &from, nullptr);
    inputs.reset(to);
    outputs.reset(from);
    check(code, "filter");
    check(avfilter_graph_config(graph.get(), nullptr), "filter");
  }

  // write gives the graph a frame, nullptr at the end.
  void write(AVFrame *frame) { check(av_buffersrc_add_frame(source, frame), "filter"); }

  // read takes a frame from the graph, false if it has none now.
  bool read(AVFrame *frame) {
    int code = av_buffersink_get_frame(sink, frame);
    return code != AVERROR(EAGAIN) && code != AVERROR_EOF && check(code, "filter") >= 0;
  }

  AVFilterContext *sink = nullptr;

 private:
  using Ends = Owned<AVFilterInOut, avfilter_inout_free>;

  static std::string ratio(AVRational r) { return std::to_string(r.num) + "/" + std::to_string(r.den); }

  Graph graph{have(avfilter_graph_alloc())};
  AVFilterContext *source = nullptr;
};

// Output is a file that gets the frames of a filter.
class Output {
 public:
  Output(const std::string &file, const std::string &encoder, const Filter &filter) {
    AVFormatContext *made = nullptr;
    check(avformat_alloc_output_context2(&made, nullptr, nullptr, file.c_str()), "output");
    format.reset(made);
    const AVCodec *codec = avcodec_find_encoder_by_name(encoder.c_str());
    if (codec == nullptr) throw std::runtime_error("FFmpeg has no encoder " + encoder);
    video.reset(have(avcodec_alloc_context3(codec)));
    video->width = av_buffersink_get_w(filter.sink);
    video->height = av_buffersink_get_h(filter.sink);
    video->pix_fmt = AVPixelFormat(av_buffersink_get_format(filter.sink));
    video->sample_aspect_ratio = av_buffersink_get_sample_aspect_ratio(filter.sink);
    video->framerate = av_buffersink_get_frame_rate(filter.sink);
    video->time_base = av_inv_q(video->framerate);
    video->thread_count = 0;
    if (made->oformat->flags & AVFMT_GLOBALHEADER) video->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    check(avcodec_open2(video.get(), codec, nullptr), "encoder");
    stream = have(avformat_new_stream(made, nullptr));
    stream->time_base = video->time_base;
    stream->avg_frame_rate = video->framerate;
    check(avcodec_parameters_from_context(stream->codecpar, video.get()), "encoder");
    check(avio_open(&made->pb, file.c_str(), AVIO_FLAG_WRITE), "output");
    check(avformat_write_header(made, nullptr), "output");
    from = av_buffersink_get_time_base(filter.sink);
  }

  // write encodes a frame, nullptr at the end, and writes what is encoded.
  void write(AVFrame *frame) {
    if (frame != nullptr) {
      frame->pts = av_rescale_q(frame->pts, from, video->time_base);
      frame->pict_type = AV_PICTURE_TYPE_NONE;
    }
    check(avcodec_send_frame(video.get(), frame), "encode");
    for (;;) {
      int code = avcodec_receive_packet(video.get(), packet.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
      check(code, "encode");
      if (packet->duration == 0) packet->duration = 1;
      av_packet_rescale_ts(packet.get(), video->time_base, stream->time_base);
      packet->stream_index = stream->index;
      check(av_interleaved_write_frame(format.get(), packet.get()), "write");
    }
  }

  void close() {
    write(nullptr);
    check(av_write_trailer(format.get()), "write");
    check(avio_closep(&format->pb), "write");
  }

 private:
  static void free_output(AVFormatContext **output) {
    avio_closep(&(*output)->pb);
    avformat_free_context(*output);
  }

  Owned<AVFormatContext, free_output> format;
  Codec video;
  Packet packet{have(av_packet_alloc())};
  AVStream *stream;
  AVRational from;
};

}  // namespace

void quiet() { av_log_set_level(AV_LOG_ERROR); }

void transcode(const Operation &operation, const std::string &source, const std::string &target, double seconds) {
  Input in(source);
  Filter filter(in, operation.filter);
  Output out(target, operation.encoder, filter);
  Frame frame(have(av_frame_alloc()));
  int64_t start = AV_NOPTS_VALUE, frames = 0;
  auto drain = [&] {
    while (filter.read(frame.get())) {
      out.write(frame.get());
      av_frame_unref(frame.get());
      frames++;
    }
  };
  while (in.read(frame.get())) {
    if (start == AV_NOPTS_VALUE) start = frame->pts;
    frame->pts -= start;
    if (double(frame->pts) * av_q2d(in.stream()->time_base) >= seconds) break;
    filter.write(frame.get());
    drain();
  }
  av_frame_unref(frame.get());
  filter.write(nullptr);
  drain();
  if (frames == 0) throw std::runtime_error("it has no frame");
  out.close();
}
