#include "engine/connector.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sys/file_limit.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::kResultDeadline;
using protocol::kResultNotTried;
using protocol::Result;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kUsPerMs = 1'000;
constexpr std::int64_t kHookIntervalUs = 20 * kUsPerMs;
constexpr std::int64_t kCatchUpUs = 10 * kUsPerMs;
/// Connections started before results are looked at again, so that their times stay exact.
constexpr int kStartsInARow = 16;
constexpr int kEventsInARow = 64;

IpAddress SourceFor(const Endpoint& target, const TapPair* taps) {
  if (taps != nullptr && taps->source_address().family != AF_UNSPEC) {
    return taps->source_address();
  }
  const auto source = SourceAddressFor(target);
  // Without a route connect() will say what is wrong: any address will do to bind to.
  return source ? *source : IpAddress{target.address.family, {}};
}

}  // namespace

Connector::Connector(const ConnectorOptions& options,
                     AttemptTable& table,
                     TapPair* taps,
                     const ProbeClock& clock)
    : options_(options),
      table_(table),
      taps_(taps),
      clock_(clock),
      target_(ToSocketAddress(options.target)),
      source_(SourceFor(options.target, taps)),
      interval_us_(kUsPerSecond / static_cast<double>(std::max(options.connections_per_second, 1))),
      slots_(static_cast<std::size_t>(SocketsWithinFileLimit(options.max_in_flight))) {
  free_slots_.reserve(slots_.size());
  for (std::size_t i = slots_.size(); i > 0; --i) {
    free_slots_.push_back(static_cast<int>(i - 1));
  }
  failures_.reserve(static_cast<std::size_t>(std::max(options.max_details, 0)));
}

Connector::~Connector() {
  StopAll();
}

Result<void> Connector::Run(std::size_t first, std::size_t count, const RunHook& hook) {
  if (!epoll_.valid()) {
    epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_.valid()) {
      return SystemError("epoll instance", errno);
    }
  }
  next_ = std::min(first, table_.size());
  end_ = next_ + std::min(count, table_.size() - next_);
  std::int64_t now_us = clock_.NowUs();
  std::int64_t hook_due_us = now_us + kHookIntervalUs;
  if (stopped_) {
    StopAll();
  }
  while (next_ < end_ || oldest_ >= 0) {
    StartDue(now_us);
    WaitForEvents(now_us);
    now_us = clock_.NowUs();
    ExpireOld(now_us);
    if (now_us >= hook_due_us) {
      hook_due_us = now_us + kHookIntervalUs;
      stopped_ = hook && hook();
      if (stopped_) {
        StopAll();
      }
    }
  }
  return {};
}

bool Connector::CanStart() const {
  return admitted_ > 0 && next_ < end_ && !free_slots_.empty();
}

void Connector::StartDue(std::int64_t now_us) {
  schedule_us_ = std::max(schedule_us_, static_cast<double>(now_us - kCatchUpUs));
  for (int i = 0; i < kStartsInARow && CanStart() && schedule_us_ <= static_cast<double>(now_us);
       ++i) {
    schedule_us_ += interval_us_;
    --admitted_;
    Start(next_);
    ++next_;
  }
}

void Connector::Start(std::size_t attempt) {
  const std::uint16_t port = table_.source_ports[attempt];
  const PortChoice choice = port == 0 ? PortChoice::kKernel : PortChoice::kExplicit;
  const Endpoint source{source_, port};
  if (source == options_.target) {
    Skip(attempt, not_tried_.self_connect);
    return;
  }
  const int fd = OpenConnectSocket(options_.target.address.family, choice);
  const int error_number = fd < 0                            ? errno
                           : choice == PortChoice::kExplicit ? TakeSourcePort(fd, source)
                                                             : 0;
  if (error_number == 0) {
    Launch(fd, choice, attempt);
    return;
  }
  if (fd >= 0) {
    CloseConnectSocket(fd, choice);
  }
  SkipForError(attempt, error_number);
}

void Connector::Launch(int fd, PortChoice choice, std::size_t attempt) {
  const std::int64_t start_us = clock_.NowUs();
  const int result = connect(fd, target_.get(), target_.size) == 0 ? 0 : errno;
  const std::int64_t sent_us = clock_.NowUs();
  const Endpoint source = LocalEndpoint(fd);
  const std::uint16_t planned_port = table_.source_ports[attempt];
  const bool port_taken =
      choice == PortChoice::kExplicit && (IsPortTaken(result) || source.port != planned_port);
  if (port_taken || source == options_.target) {
    CloseConnectSocket(fd, choice);
    Skip(attempt, port_taken ? not_tried_.port_in_use : not_tried_.self_connect);
    return;
  }
  if (const int error_number = result == EINPROGRESS ? AwaitEvents(fd) : 0; error_number != 0) {
    CloseConnectSocket(fd, choice);
    SkipForError(attempt, error_number);
    return;
  }
  table_.source_ports[attempt] = source.port;
  table_.start_us[attempt] = start_us;
  const int flow = taps_ == nullptr ? -1 : taps_->Watch(source, start_us, sent_us);
  const int slot = TakeSlot({fd, choice, attempt, flow, -1, -1});
  if (result != EINPROGRESS) {
    if (taps_ != nullptr) {
      taps_->Drain();
    }
    Finish(slot, result, sent_us);
  }
}

int Connector::AwaitEvents(int fd) {
  epoll_event interest{};
  interest.events = EPOLLOUT;
  interest.data.u32 = static_cast<std::uint32_t>(free_slots_.back());  // The next to be taken.
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &interest) == 0 ? 0 : errno;
}

int Connector::WaitMs(std::int64_t now_us) const {
  std::int64_t wait_us = kHookIntervalUs;
  if (CanStart()) {
    wait_us = std::min(wait_us, static_cast<std::int64_t>(schedule_us_) + 1 - now_us);
  }
  if (oldest_ >= 0) {
    wait_us = std::min(wait_us, DeadlineUs(slots_[static_cast<std::size_t>(oldest_)]) - now_us);
  }
  return wait_us <= 0 ? 0 : static_cast<int>((wait_us + kUsPerMs - 1) / kUsPerMs);
}

void Connector::WaitForEvents(std::int64_t now_us) {
  std::array<epoll_event, kEventsInARow> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), kEventsInARow, WaitMs(now_us));
  // What made these sockets ready passed the taps before: fold it in first.
  if (taps_ != nullptr) {
    taps_->Drain();
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const int slot = static_cast<int>(event.data.u32);
    const bool failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    const int result = failed ? TakeSocketError(slots_[event.data.u32].fd) : 0;
    Finish(slot, result, clock_.NowUs());
  }
}

std::int64_t Connector::DeadlineUs(const Slot& slot) const {
  return table_.start_us[slot.attempt] + options_.timeout.count() * kUsPerMs;
}

void Connector::ExpireOld(std::int64_t now_us) {
  while (oldest_ >= 0) {
    const Slot& slot = slots_[static_cast<std::size_t>(oldest_)];
    if (DeadlineUs(slot) > now_us) {
      return;
    }
    // Its event may be waiting behind those of others.
    int result = TakeSocketError(slot.fd);
    if (result == 0 && !IsEstablished(ReadTcpState(slot.fd))) {
      result = kResultDeadline;
    }
    Finish(oldest_, result, now_us);
  }
}

void Connector::Finish(int slot_number, int result, std::int64_t end_us) {
  const Slot slot = slots_[static_cast<std::size_t>(slot_number)];
  table_.results[slot.attempt] = result;
  table_.duration_us[slot.attempt] =
      static_cast<std::int32_t>(end_us - table_.start_us[slot.attempt]);
  if (slot.flow >= 0) {
    taps_->End(slot.flow, end_us);
  }
  const bool keep = result != 0 && static_cast<int>(failures_.size()) < options_.max_details;
  if (keep) {
    const TcpState state = ReadTcpState(slot.fd);
    failures_.push_back({slot.attempt, slot.flow, state.state, state.retransmits});
    table_.seen[slot.attempt] = slot.flow < 0 ? 0 : taps_->flow(slot.flow).seen;
  } else {
    failures_omitted_ += result == 0 ? 0 : 1;
    ReleaseFlow(slot.attempt, slot.flow);
  }
  CloseConnectSocket(slot.fd, slot.choice);
  ReturnSlot(slot_number);
}

void Connector::Skip(std::size_t attempt, int& reason) {
  table_.results[attempt] = kResultNotTried;
  table_.start_us[attempt] = 0;
  ++reason;
}

void Connector::SkipForError(std::size_t attempt, int error_number) {
  if (IsPortTaken(error_number)) {
    Skip(attempt, not_tried_.port_in_use);
    return;
  }
  not_tried_.socket_error = error_number;
  Skip(attempt, not_tried_.no_socket);
}

void Connector::StopAll() {
  while (oldest_ >= 0) {
    const int slot_number = oldest_;
    const Slot slot = slots_[static_cast<std::size_t>(slot_number)];
    CloseConnectSocket(slot.fd, slot.choice);
    if (slot.flow >= 0) {
      taps_->Forget(slot.flow);
    }
    Skip(slot.attempt, not_tried_.stopped);
    ReturnSlot(slot_number);
  }
  for (; next_ < end_; ++next_) {
    Skip(next_, not_tried_.stopped);
  }
}

void Connector::ReleaseFlow(std::size_t attempt, int flow) {
  if (flow < 0) {
    return;
  }
  table_.seen[attempt] = taps_->flow(flow).seen;
  if (taps_->IsWholeHandshake(table_.seen[attempt])) {
    taps_->Forget(flow);
    return;
  }
  // Another CPU may still be writing a packet that stands before this connection's in the ring.
  Settle(next_unsettled_);
  unsettled_[next_unsettled_] = {attempt, flow};
  next_unsettled_ = (next_unsettled_ + 1) % unsettled_.size();
}

void Connector::Settle(std::size_t position) {
  Unsettled& unsettled = unsettled_[position];
  if (unsettled.flow >= 0) {
    table_.seen[unsettled.attempt] = taps_->flow(unsettled.flow).seen;
    taps_->Forget(unsettled.flow);
    unsettled.flow = -1;
  }
}

void Connector::RefreshSeen() {
  for (std::size_t i = 0; i < unsettled_.size(); ++i) {
    Settle(i);
  }
  for (const FailedAttempt& failure : failures_) {
    if (failure.flow >= 0) {
      table_.seen[failure.index] = taps_->flow(failure.flow).seen;
    }
  }
}

int Connector::TakeSlot(const Slot& slot) {
  const int number = free_slots_.back();
  free_slots_.pop_back();
  slots_[static_cast<std::size_t>(number)] = slot;
  slots_[static_cast<std::size_t>(number)].older = newest_;
  if (newest_ >= 0) {
    slots_[static_cast<std::size_t>(newest_)].newer = number;
  } else {
    oldest_ = number;
  }
  newest_ = number;
  return number;
}

void Connector::ReturnSlot(int number) {
  const Slot& slot = slots_[static_cast<std::size_t>(number)];
  if (slot.older >= 0) {
    slots_[static_cast<std::size_t>(slot.older)].newer = slot.newer;
  } else {
    oldest_ = slot.newer;
  }
  if (slot.newer >= 0) {
    slots_[static_cast<std::size_t>(slot.newer)].older = slot.older;
  } else {
    newest_ = slot.older;
  }
  free_slots_.push_back(number);
}

}  // namespace netcheck::probe
