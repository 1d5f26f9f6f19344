#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.h"

namespace backstay::intake {

// Why a connection was turned away, or closed before it was served.
enum class Turned {
  full,       // no place at the address, and everybody there has said something: 503
  peer_full,  // its peer has all the places that one peer may have: 503
  silent,     // it had a place and said nothing, and another one needed it: closed
  no_thread,  // none to serve it: 503
};
constexpr std::size_t kTurned = 4;
std::string_view to_string(Turned reason);

struct Places {
  std::size_t of_address = 64;  // each that is listened on has so many
  std::size_t of_peer = 16;     // so many of them may be one peer's
  // Peers that stand for many, and may have all: trusted proxies, and this machine itself.
  std::vector<IpNetwork> shared_peers = {};
};

// Who has this machine as its peer is any of the senders and proxies on it.
std::vector<IpNetwork> with_loopback(std::vector<IpNetwork> networks);

// Which connections are served. A peer is an address, or with IPv6 a network of 64 bits: whoever
// has one of those has all its addresses. Who connects and says nothing costs a sender nothing, so
// he keeps his place only until somebody needs it: the one that has been silent for longest goes.
// A peer that has all its places gets one more that way from its own alone.
//
// One thread at a time, but for heard() and counted().
class Admission {
 public:
  class Place {
   public:
    Place(int listener, int descriptor, std::optional<IpAddress> peer)
        : listener_(listener), descriptor_(descriptor), peer_(peer) {}
    // Its first byte came. From any thread.
    void heard() { is_silent_ = false; }

   private:
    friend class Admission;
    [[nodiscard]] bool is_silent() const;

    const int listener_;
    const int descriptor_;
    const std::optional<IpAddress> peer_;  // none: one that may have all places
    std::atomic<bool> is_silent_{true};
    bool is_closed_ = false;  // for another; its thread has yet to end
  };

  explicit Admission(Places places) : places_(std::move(places)) {}

  // Null: it gets no place. The descriptor stays the caller's, and open until leave(); of one that
  // must make room it is shut down, which wakes whoever reads it. The listener is told from others
  // by its descriptor; remote_address is empty for a unix socket.
  Place* enter(int listener, int descriptor, const std::string& remote_address);
  void leave(const Place* place);

  void count(Turned reason) { ++turned_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::array<std::uint64_t, kTurned> counted() const;

 private:
  // Of those whose peer it is, where one is given.
  [[nodiscard]] bool is_there_room(int listener, const std::optional<IpAddress>& peer,
                                   std::size_t places) const;
  bool make_room(int listener, const std::optional<IpAddress>& peer);

  const Places places_;
  std::list<Place> taken_;  // in the order in which they came
  std::array<std::atomic<std::uint64_t>, kTurned> turned_{};
};

}  // namespace backstay::intake
