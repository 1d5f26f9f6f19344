#include "receiver/intake/admission.h"

#include <algorithm>
#include <utility>

#include <sys/socket.h>

#include "receiver/intake/client_address.h"

namespace backstay::intake {

std::string_view to_string(Turned reason) {
  switch (reason) {
    case Turned::full:
      return "full";
    case Turned::peer_full:
      return "peer_full";
    case Turned::silent:
      return "silent";
    case Turned::no_thread:
      break;
  }
  return "no_thread";
}

std::vector<IpNetwork> with_loopback(std::vector<IpNetwork> networks) {
  networks.push_back(*IpNetwork::parse("127.0.0.0/8"));
  networks.push_back(*IpNetwork::parse("::1"));
  return networks;
}

// Its thread may not have seen yet what has come in.
bool Admission::Place::is_silent() const {
  char next = 0;
  return is_silent_ && ::recv(descriptor_, &next, 1, MSG_PEEK | MSG_DONTWAIT) != 1;
}

Admission::Place* Admission::enter(int listener, int descriptor,
                                   const std::string& remote_address) {
  std::optional<IpAddress> peer = IpAddress::parse(remote_address);
  if (peer && is_in_any(*peer, places_.shared_peers)) peer.reset();
  if (peer) {
    peer = peer->subnet();
    if (!is_there_room(listener, peer, places_.of_peer) && !make_room(listener, peer)) {
      count(Turned::peer_full);
      return nullptr;
    }
  }
  if (!is_there_room(listener, {}, places_.of_address) && !make_room(listener, {})) {
    count(Turned::full);
    return nullptr;
  }
  return &taken_.emplace_back(listener, descriptor, peer);
}

void Admission::leave(const Place* place) {
  taken_.remove_if([place](const Place& other) { return &other == place; });
}

bool Admission::is_there_room(int listener, const std::optional<IpAddress>& peer,
                              std::size_t places) const {
  const auto taken = std::count_if(taken_.begin(), taken_.end(), [&](const Place& place) {
    return place.listener_ == listener && !place.is_closed_ && (!peer || place.peer_ == peer);
  });
  return static_cast<std::size_t>(taken) < places;
}

bool Admission::make_room(int listener, const std::optional<IpAddress>& peer) {
  // Threads that have yet to end are no more than those that serve.
  const auto ending = std::count_if(taken_.begin(), taken_.end(), [&](const Place& place) {
    return place.listener_ == listener && place.is_closed_;
  });
  if (static_cast<std::size_t>(ending) >= places_.of_address) return false;
  for (Place& place : taken_) {
    if (place.listener_ != listener || place.is_closed_ || (peer && place.peer_ != peer)) continue;
    if (!place.is_silent()) continue;
    ::shutdown(place.descriptor_, SHUT_RDWR);
    place.is_closed_ = true;
    count(Turned::silent);
    return true;
  }
  return false;
}

std::array<std::uint64_t, kTurned> Admission::counted() const {
  std::array<std::uint64_t, kTurned> counts{};
  std::copy(turned_.begin(), turned_.end(), counts.begin());
  return counts;
}

}  // namespace backstay::intake
