// SPDX-License-Identifier: MIT
// Round trips per second between two processes: a tiny request and its answer through two files of
// the library, beside a Unix socket pair and beside a mutex and condition in shared memory. They
// take turns within every round, so that a machine whose speed drifts slows all of them alike;
// medians are compared. Both processes are kept on one core, and then on two: what a scheduler
// makes of it otherwise differs tenfold from round to round.
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mmapvideo/mmapvideo.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace {

using mmapvideo_test::Child;
using mmapvideo_test::Results;

constexpr int kRounds = 25;
constexpr int kTripsInRound = 800;

/// What travels: as much as fits a cache line.
using Message = std::array<std::uint64_t, 8>;

Message message_of(std::uint64_t value) {
  Message message;
  message.fill(value);
  return message;
}
Message answer_to(const Message& request) { return message_of(~request[0]); }

/// The other side is a process that the constructor starts; connect() follows when all have been
/// started, since a process that is forked shares what is open.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void connect() = 0;
  virtual Message round_trip(const Message& request) = 0;
  virtual pid_t other() const = 0;
};

// ---- Two files

/// One side of the two: sends through one file, receives from the other.
class FileEnd {
 public:
  FileEnd(const std::string& out, const std::string& in, mmapvideo_delivery delivery)
      : acknowledged_(delivery == MMAPVIDEO_DELIVERY_ACKNOWLEDGED),
        writer_(options(out, delivery)),
        reader_(in, MMAPVIDEO_DELIVERY_EVERY_FRAME) {
    info_.payload_bytes = sizeof(Message);
    writer_.reserve(sizeof(Message), 0);
  }

  void send(const Message& message) {
    if (!writer_.publish(info_, "", message.data())) throw std::runtime_error("not published");
  }
  /// Nothing: the other side has gone.
  std::optional<Message> receive() {
    mmapvideo::Frame frame{};
    Message message;
    if (reader_.next(-1, frame) != MMAPVIDEO_OK) return std::nullopt;
    if (reader_.copy_payload(message.data(), sizeof message) != MMAPVIDEO_OK)
      throw std::runtime_error("overwritten");
    // Who asks for the next frame has finished this one; its writer waits for that.
    if (acknowledged_) static_cast<void>(reader_.next(0, frame));
    return message;
  }

 private:
  static mmapvideo_writer_options options(const std::string& path, mmapvideo_delivery delivery) {
    mmapvideo_writer_options options{};
    options.path = path.c_str();
    options.delivery = static_cast<std::uint32_t>(delivery);
    options.wait_timeout_ns = -1;
    return options;
  }

  const bool acknowledged_;
  mmapvideo::Writer writer_;
  mmapvideo::Reader reader_;
  mmapvideo::FrameInfo info_{};
};

class TwoFiles : public Transport {
 public:
  TwoFiles(const std::string& path, mmapvideo_delivery delivery)
      : requests_(path + "-requests"),
        answers_(path + "-answers"),
        delivery_(delivery),
        other_([this](const Results&) {
          FileEnd end(answers_, requests_, delivery_);
          while (const auto request = end.receive()) end.send(answer_to(*request));
          return 0;
        }) {}

  void connect() override { end_.emplace(requests_, answers_, delivery_); }
  Message round_trip(const Message& request) override {
    end_->send(request);
    return end_->receive().value();
  }
  pid_t other() const override { return other_.pid(); }

 private:
  const std::string requests_, answers_;
  const mmapvideo_delivery delivery_;
  std::optional<FileEnd> end_;
  Child other_;
};

// ---- A socket pair

class SocketPair : public Transport {
 public:
  SocketPair() {
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds_) != 0)
      throw std::runtime_error("socketpair");
    other_ = std::make_unique<Child>([this](const Results&) {
      Message request;
      while (::recv(fds_[1], request.data(), sizeof request, 0) == sizeof request) {
        const Message answer = answer_to(request);
        if (::send(fds_[1], answer.data(), sizeof answer, 0) != sizeof answer) return 1;
      }
      return 0;
    });
  }
  ~SocketPair() override {
    for (int fd : fds_) ::close(fd);
  }

  void connect() override {}
  Message round_trip(const Message& request) override {
    Message answer;
    if (::send(fds_[0], request.data(), sizeof request, 0) != sizeof request ||
        ::recv(fds_[0], answer.data(), sizeof answer, 0) != sizeof answer)
      throw std::runtime_error("socket");
    return answer;
  }
  pid_t other() const override { return other_->pid(); }

 private:
  int fds_[2];
  std::unique_ptr<Child> other_;
};

// ---- A mutex and a condition

class SharedMutex : public Transport {
 public:
  SharedMutex() {
    void* memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    board_ = new (memory) Board();
    pthread_mutexattr_t mutex_attributes;
    pthread_mutexattr_init(&mutex_attributes);
    pthread_mutexattr_setpshared(&mutex_attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&board_->mutex, &mutex_attributes);
    pthread_condattr_t condition_attributes;
    pthread_condattr_init(&condition_attributes);
    pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&board_->changed, &condition_attributes);
    other_ = std::make_unique<Child>([this](const Results&) {
      for (;;) exchange(true, [&] { board_->message = answer_to(board_->message); });
      return 0;
    });
  }
  ~SharedMutex() override {
    other_.reset();
    ::munmap(board_, sizeof(Board));
  }

  void connect() override {}
  Message round_trip(const Message& request) override {
    exchange(false, [&] { board_->message = request; });
    Message answer;
    await(false);
    answer = board_->message;
    pthread_mutex_unlock(&board_->mutex);
    return answer;
  }
  pid_t other() const override { return other_->pid(); }

 private:
  struct Board {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_request = false;  // that is what the message is, and it was not taken yet
    Message message;
  };

  /// Returns with the mutex locked.
  void await(bool request) {
    pthread_mutex_lock(&board_->mutex);
    while (board_->is_request != request) pthread_cond_wait(&board_->changed, &board_->mutex);
  }
  template <typename Write>
  void exchange(bool request, Write write) {
    await(request);
    write();
    board_->is_request = !request;
    pthread_cond_signal(&board_->changed);
    pthread_mutex_unlock(&board_->mutex);
  }

  Board* board_;
  std::unique_ptr<Child> other_;
};

// ---- The benchmark

/// The cores that this process may use, at most two.
std::vector<int> cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) throw std::runtime_error("affinity");
  std::vector<int> found;
  for (int core = 0; core < CPU_SETSIZE && found.size() < 2; ++core)
    if (CPU_ISSET(core, &allowed)) found.push_back(core);
  return found;
}

void keep_on(pid_t process, int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (::sched_setaffinity(process, sizeof set, &set) != 0) throw std::runtime_error("affinity");
}

struct Entry {
  const char* name;
  std::unique_ptr<Transport> transport;
  std::vector<double> on_one_core, on_two_cores;  // round trips per second
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Trips per second.
double measure(Transport& transport) {
  static std::uint64_t value = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int trip = 0; trip < kTripsInRound; ++trip) {
    const Message request = message_of(++value);
    if (transport.round_trip(request) != answer_to(request))
      throw std::runtime_error("the answer belongs to another request");
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return kTripsInRound / took.count();
}

void print(const std::vector<Entry>& entries) {
  std::puts(
      "|                                    | one core      |         | two cores     |         |");
  std::puts(
      "| hand-over                          | round trips/s | us each | round trips/s | us each |");
  std::puts(
      "|------------------------------------|---------------|---------|---------------|---------|");
  for (const Entry& entry : entries) {
    const double one = median(entry.on_one_core), two = median(entry.on_two_cores);
    std::printf("| %-34s | %13.0f | %7.2f | %13.0f | %7.2f |\n", entry.name, one, 1e6 / one, two,
                1e6 / two);
  }
  std::printf("\nMedians of %d rounds of %d round trips each.\n", kRounds, kTripsInRound);
}

}  // namespace

int main() try {
  const mmapvideo_test::TempDir dir;
  std::vector<Entry> entries;
  const auto add = [&](const char* name, std::unique_ptr<Transport> transport) {
    entries.push_back({name, std::move(transport), {}, {}});
  };
  add("two files, acknowledged",
      std::make_unique<TwoFiles>(dir / "a", MMAPVIDEO_DELIVERY_ACKNOWLEDGED));
  add("two files, every-frame",
      std::make_unique<TwoFiles>(dir / "e", MMAPVIDEO_DELIVERY_EVERY_FRAME));
  add("Unix socket pair", std::make_unique<SocketPair>());
  add("mutex and condition, shared memory", std::make_unique<SharedMutex>());
  for (Entry& entry : entries) entry.transport->connect();
  for (Entry& entry : entries) measure(*entry.transport);  // starts are not counted
  const std::vector<int> own = cores();
  keep_on(0, own.front());
  for (int round = 0; round < kRounds; ++round) {
    for (int core : own) {
      for (Entry& entry : entries) {
        keep_on(entry.transport->other(), core);
        auto& figures = core == own.front() ? entry.on_one_core : entry.on_two_cores;
        figures.push_back(measure(*entry.transport));
      }
    }
  }
  print(entries);
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
