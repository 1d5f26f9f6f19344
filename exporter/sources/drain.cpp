#include "exporter/sources/drain.h"

#include <algorithm>
#include <optional>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/log.h"
#include "exporter/sources/batch_lines.h"
#include "exporter/sources/inflate.h"

namespace backstay::sources {
namespace {

// Large, or the system calls cost more than the lines.
constexpr std::size_t kReadBytes = 128 * 1024;
// What is kept for the next requests: some 500 KiB each.
constexpr std::size_t kIdleReadersMax = 4;
constexpr const char* kRetryAfterSeconds = "10";
constexpr std::size_t kSetupBytesMax = 64;

struct Answer {
  std::string_view name;
  int status;
  const char* text;
};
// In the order of DrainOutcome.
constexpr std::array<Answer, kDrainOutcomes> kAnswers{{
    {"counted", 200, "counted\n"},
    {"seen_before", 200, "counted before\n"},
    {"setup", 200, "here\n"},
    {"unauthorized", 401, "unauthorized\n"},
    {"too_large", 413, "the body is too large\n"},
    {"bad_body", 400, "the body is damaged, or in an encoding that is not gzip\n"},
    {"cut_off", 400, "the body is not whole\n"},
    {"not_kept", 503, "cannot be kept now\n"},
    {"busy", 503, "too many connections\n"},
}};

const Answer& answer_of(DrainOutcome outcome) {
  return kAnswers[static_cast<std::size_t>(outcome)];
}

std::optional<Inflate::Expected> encoding_of(const web::Request& request) {
  const auto header = request.headers.find("content-encoding");
  if (header == request.headers.end() || header->second.empty() || header->second == "identity") {
    return Inflate::Expected::anything;
  }
  if (header->second == "gzip" || header->second == "x-gzip") return Inflate::Expected::gzip;
  return std::nullopt;
}

DrainOutcome outcome_of(web::Body::End end) {
  return end == web::Body::End::too_large ? DrainOutcome::too_large : DrainOutcome::cut_off;
}

DrainOutcome outcome_of(Inflate::Outcome inflated) {
  return inflated == Inflate::Outcome::too_large ? DrainOutcome::too_large : DrainOutcome::bad_body;
}

}  // namespace

std::string_view to_string(DrainOutcome outcome) { return answer_of(outcome).name; }

struct Drain::Reader final : LineTaker {
  explicit Reader(const DrainConfig& config)
      : parser(formats::make_parser(config.format, config.fields)),
        inflate(config.inflated_bytes_max),
        lines(*this),
        buffer(kReadBytes + formats::kReadableBeyond) {}

  // The drain's name is part of the id: what two drains get is counted twice.
  void start(const std::string& drain, Inflate::Expected expected, std::unique_ptr<Batch> opened) {
    inflate.start(expected);
    lines.start();
    batch = std::move(opened);
    opening.clear();
    XXH3_128bits_reset(&hash);
    XXH3_128bits_update(&hash, drain.c_str(), drain.size() + 1);
  }
  void take(std::string_view line) override { batch->take(parser->parse(line)); }
  void take_too_long() override { batch->take_too_long(); }

  Inflate::Outcome feed(std::string_view piece) {
    return inflate.feed(piece, [this](std::string_view text) {
      const std::size_t room = kSetupBytesMax - std::min(opening.size(), kSetupBytesMax);
      opening.append(text.substr(0, room));
      return lines.feed(text);
    });
  }
  // {"content":"tests"}, whatever the white space: what Cloudflare sends when a job is made.
  // https://developers.cloudflare.com/logs/get-started/enable-destinations/http/
  [[nodiscard]] bool is_setup() const {
    if (inflate.bytes() > kSetupBytesMax) return false;
    std::string text;
    std::copy_if(opening.begin(), opening.end(), std::back_inserter(text),
                 [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
    return text == R"({"content":"tests"})";
  }
  [[nodiscard]] BatchId id() const {
    const XXH128_hash_t digest = XXH3_128bits_digest(&hash);
    return {digest.high64, digest.low64};
  }

  const std::unique_ptr<formats::Parser> parser;
  Inflate inflate;
  BatchLines lines;
  std::vector<char> buffer;
  std::string opening;  // the first bytes
  std::unique_ptr<Batch> batch;
  XXH3_state_t hash;
};

Drain::Drain(DrainConfig config, BatchSink& sink) : config_(std::move(config)), sink_(sink) {}
Drain::~Drain() = default;

std::unique_ptr<Drain::Reader> Drain::borrow() {
  const MutexLock lock(mutex_);
  if (readers_.empty()) return std::make_unique<Reader>(config_);
  auto reader = std::move(readers_.back());
  readers_.pop_back();
  return reader;
}

void Drain::give_back(std::unique_ptr<Reader> reader) {
  reader->batch.reset();
  const MutexLock lock(mutex_);
  if (readers_.size() < kIdleReadersMax) readers_.push_back(std::move(reader));
}

web::Response Drain::answer(DrainOutcome outcome) {
  ++counts_[static_cast<std::size_t>(outcome)];
  const Answer& answer = answer_of(outcome);
  web::Response response{answer.status, answer.text};
  if (answer.status == 503) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  if (answer.status == 401 && std::holds_alternative<DrainBasic>(config_.credentials)) {
    response.headers.emplace_back("WWW-Authenticate", "Basic");
  }
  return response;
}

web::Response Drain::turn_away() { return answer(DrainOutcome::busy); }

web::Response Drain::receive(const web::Request& request, web::Body& body) {
  return answer(outcome_of(request, body));
}

DrainOutcome Drain::outcome_of(const web::Request& request, web::Body& body) {
  const auto admission = admit(config_.credentials, request);
  auto signature = BodySignature::of(config_.credentials, request);
  if (!admission || !signature) {
    const Error& error = admission ? signature.error() : admission.error();
    log::error("a drain's secret cannot be read",
               {{"drain", config_.name}, {"error", error.message}});
    return DrainOutcome::not_kept;  // a sender who is told to go away may never come back
  }
  if (*admission == Admission::refused) return DrainOutcome::unauthorized;
  const auto expected = encoding_of(request);
  if (!expected) return DrainOutcome::bad_body;

  auto reader = borrow();
  reader->start(config_.name, *expected, sink_.open(config_.name));
  DrainOutcome outcome = read(*reader, signature->get(), body);
  bytes_ += reader->inflate.bytes();
  if (outcome == DrainOutcome::counted) outcome = commit(*reader, request);
  give_back(std::move(reader));
  return outcome;
}

// "counted" stands for: it can be.
DrainOutcome Drain::read(Reader& reader, BodySignature* signature, web::Body& body) {
  while (const std::size_t size = body.read(reader.buffer.data(), kReadBytes)) {
    const std::string_view piece(reader.buffer.data(), size);
    XXH3_128bits_update(&reader.hash, piece.data(), piece.size());
    if (signature != nullptr) signature->add(piece);
    const Inflate::Outcome inflated = reader.feed(piece);
    if (inflated != Inflate::Outcome::going_on) return sources::outcome_of(inflated);
  }
  if (body.end() != web::Body::End::whole) return sources::outcome_of(body.end());
  if (signature != nullptr && !signature->matches()) return DrainOutcome::unauthorized;
  const bool is_whole = reader.inflate.finish() == Inflate::Outcome::going_on;
  if (!is_whole || !reader.lines.finish()) return DrainOutcome::bad_body;
  if (config_.format == "cloudflare" && reader.is_setup()) return DrainOutcome::setup;
  return DrainOutcome::counted;
}

DrainOutcome Drain::commit(Reader& reader, const web::Request& request) {
  const auto header = request.headers.find(config_.id_header);
  if (header != request.headers.end()) {
    XXH3_128bits_reset(&reader.hash);
    const std::string named = config_.name + '\0' + header->second;
    XXH3_128bits_update(&reader.hash, named.data(), named.size());
  }
  switch (sink_.commit(std::move(reader.batch), reader.id())) {
    case BatchSink::Taken::counted:
      return DrainOutcome::counted;
    case BatchSink::Taken::seen_before:
      return DrainOutcome::seen_before;
    case BatchSink::Taken::not_kept:
      break;
  }
  return DrainOutcome::not_kept;
}

}  // namespace backstay::sources
