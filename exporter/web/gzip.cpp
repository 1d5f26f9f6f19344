#include "exporter/web/gzip.h"

#include <memory>
#include <new>

#include <libdeflate.h>

namespace backstay::web {
namespace {

constexpr int kLevel = 1;
constexpr std::size_t kUsualRatio = 4;    // a page of metrics becomes smaller than that
constexpr std::size_t kFrameBytes = 256;  // what gzip adds to a page of any size, amply

using Compressor = std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)>;

// Whether it fits.
bool compress(libdeflate_compressor& compressor, std::string_view text, std::string& to) {
  const std::size_t size =
      libdeflate_gzip_compress(&compressor, text.data(), text.size(), to.data(), to.size());
  to.resize(size);
  return size != 0;
}

}  // namespace

std::string gzip(std::string_view text) {
  const Compressor compressor(libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor);
  if (!compressor) throw std::bad_alloc();
  std::string out(text.size() / kUsualRatio + kFrameBytes, '\0');
  if (compress(*compressor, text, out)) return out;
  out.resize(libdeflate_gzip_compress_bound(compressor.get(), text.size()));
  compress(*compressor, text, out);
  return out;
}

}  // namespace backstay::web
