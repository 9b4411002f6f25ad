// Gradients in flat buckets that are reduced between processes: each as soon as backward has the last gradient of it, always in the same order.
#include "distributed.h"
#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace tutti {

const GroupHandle& group_handle(void* handle);

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Every gradient begins on a cache line.
constexpr int64_t line = 16;
int64_t padded(int64_t count) { return (count + line - 1) / line * line; }

struct Bucket {
  std::vector<int32_t> members;
  int32_t waits = 0;                                          // for so many gradients of this update
  at::Tensor flat;
  WorkHandle work;
  bool launched = false, done = false;
};

struct Buckets;

struct Ready : torch::autograd::FunctionPostHook {
  Buckets* const buckets;
  const int32_t index;
  Ready(Buckets* b, int32_t i) : buckets(b), index(i) {}
  torch::autograd::variable_list operator()(const torch::autograd::variable_list& outputs, const torch::autograd::variable_list&) override;
};

struct Buckets {
  const GroupHandle group;
  const int32_t ranks;
  const bool compressed;
  std::vector<at::Tensor> weights;
  std::vector<int32_t> bucket_of;
  std::vector<Bucket> buckets;
  std::vector<bool> ready;
  std::vector<std::pair<std::shared_ptr<torch::autograd::Node>, uintptr_t>> hooks;
  size_t next = 0;
  bool armed = false;
  double bytes = 0, early = 0, waited = 0, lost = 0, all = 0;   // sums of all updates; lost and all: squares of what bfloat16 rounds off, and of everything
  std::mutex lock;
  // Of compressed reductions only, which are several collectives one after the other.
  std::thread worker;
  std::deque<Bucket*> queue;
  std::condition_variable change;
  std::exception_ptr failure;
  bool stop = false;

  Buckets(GroupHandle g, bool c) : group(std::move(g)), ranks(group->getSize()), compressed(c) {
    if (compressed) worker = std::thread([this] { work_through(); });
  }
  Buckets(const Buckets&) = delete;
  ~Buckets() {
    for (const auto& [node, key] : hooks) node->del_post_hook(key);
    if (!worker.joinable()) return;
    {
      std::lock_guard<std::mutex> own(lock);
      stop = true;
    }
    change.notify_all();
    worker.join();
  }

  void begin() {
    for (auto& bucket : buckets) {
      bucket.waits = int32_t(bucket.members.size());
      bucket.flat.reset();
      bucket.work.reset();
      bucket.launched = bucket.done = false;
    }
    ready.assign(weights.size(), false);
    next = 0;
    armed = false;
  }

  void mark(int32_t index) {
    if (!armed || ready[size_t(index)]) return;
    ready[size_t(index)] = true;
    buckets[size_t(bucket_of[size_t(index)])].waits--;
    try {
      while (next < buckets.size() && buckets[next].waits == 0) early += launch(buckets[next]);
    } catch (...) {
      armed = false;                                          // no room now: what is left is reduced after backward
    }
  }

  void flush() {
    armed = false;
    while (next < buckets.size()) launch(buckets[next]);
  }

  // Copies gradients into the flat bucket, which they are parts of from then on, and begins its reduction.
  double launch(Bucket& bucket) {
    at::NoGradGuard none;
    int64_t count = 0;
    for (const auto i : bucket.members) count += padded(weights[size_t(i)].numel());
    if (compressed) count = (count + ranks * line - 1) / (ranks * line) * (ranks * line);
    auto flat = at::empty({count}, weights[size_t(bucket.members[0])].options().requires_grad(false));
    int64_t at = 0;
    for (const auto i : bucket.members) {
      auto& weight = weights[size_t(i)];
      const auto size = weight.numel();
      auto part = flat.narrow(0, at, size).view(weight.sizes());
      auto& grad = weight.mutable_grad();
      if (!grad.defined()) part.zero_();
      else if (grad.is_sparse()) part.copy_(grad.to_dense());
      else part.copy_(grad);
      if (padded(size) > size) flat.narrow(0, at + size, padded(size) - size).zero_();
      grad = part;
      at += padded(size);
    }
    if (at < count) flat.narrow(0, at, count - at).zero_();
    bucket.flat = flat;
    const double size = double(flat.nbytes());
    next++;
    bucket.launched = true;
    bytes += size;
    if (!compressed) {
      std::vector<at::Tensor> tensors{flat};
      bucket.work = group->allreduce(tensors);
      return size;
    }
    std::lock_guard<std::mutex> own(lock);
    queue.push_back(&bucket);
    change.notify_all();
    return size;
  }

  // Whether all is reduced.
  bool wait(int64_t milliseconds) {
    const auto begun = Clock::now();
    const auto end = begun + std::chrono::milliseconds(milliseconds);
    const auto left = [&] { return std::max<int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count()); };
    bool done = true;
    if (compressed) {
      std::unique_lock<std::mutex> own(lock);
      done = change.wait_for(own, std::chrono::milliseconds(milliseconds), [&] {
        return failure || std::all_of(buckets.begin(), buckets.end(), [](const Bucket& bucket) { return !bucket.launched || bucket.done; });
      });
      if (failure) std::rethrow_exception(failure);
    } else {
      for (auto& bucket : buckets)
        if (bucket.work && !bucket.done && !(bucket.done = wait_for(bucket.work, left()))) {
          done = false;
          break;
        }
    }
    waited += seconds_since(begun);
    return done;
  }

  void work_through() {
    at::NoGradGuard none;
    std::unique_lock<std::mutex> own(lock);
    while (true) {
      change.wait(own, [&] { return stop || !queue.empty(); });
      if (stop) return;
      auto* bucket = queue.front();
      queue.pop_front();
      own.unlock();
      std::exception_ptr broke;
      try {
        reduce_rounded(bucket->flat);
      } catch (...) {
        broke = std::current_exception();
      }
      own.lock();
      if (broke) failure = broke;
      bucket->done = true;
      change.notify_all();
    }
  }

  // Half the bytes of a reduction: every rank sends each other one its share in bfloat16, adds up its own share of all in full, and gives the sum to all in bfloat16.
  void reduce_rounded(at::Tensor& flat) {
    const auto rounded = flat.to(at::kBFloat16);
    const auto off = (flat - rounded.to(flat.scalar_type())).to(at::kDouble).norm().item<double>();
    const auto size = flat.to(at::kDouble).norm().item<double>();
    {
      std::lock_guard<std::mutex> own(lock);
      lost += off * off;
      all += size * size;
    }
    auto send = rounded.view(at::kByte), got = at::empty_like(send);
    std::vector<int64_t> equal;
    group->alltoall_base(got, send, equal, equal)->wait();
    auto sum = got.view(at::kBFloat16).view({ranks, -1}).to(flat.scalar_type()).sum(0).to(at::kBFloat16).view(at::kByte);
    auto whole = at::empty_like(send);
    std::vector<std::vector<at::Tensor>> outs{whole.view({ranks, -1}).unbind(0)};
    std::vector<at::Tensor> own{sum};
    group->allgather(outs, own)->wait();
    flat.copy_(whole.view(at::kBFloat16));
  }
};

torch::autograd::variable_list Ready::operator()(const torch::autograd::variable_list& outputs, const torch::autograd::variable_list&) {
  buckets->mark(index);
  return outputs;
}

Buckets& buckets_in(void* handle) { return *static_cast<Buckets*>(handle); }

}  // namespace
}  // namespace tutti

using namespace tutti;

// Weights in the order in which backward is expected to have their gradients; of: the bucket of each, from 0, never falling.
TUTTI_API int32_t tutti_buckets_open(void* group, void** weights, const int32_t* of, int32_t count, int32_t buckets, int32_t compressed, void** out) {
  return guard([&] {
    auto made = std::make_unique<Buckets>(group_handle(group), compressed != 0);
    made->buckets.resize(size_t(buckets));
    for (int32_t i = 0; i < count; i++) {
      auto weight = borrowed(weights[i]);
      made->buckets[size_t(of[i])].members.push_back(i);
      made->bucket_of.push_back(of[i]);
      made->weights.push_back(weight);
      // The node lives as long as this holds it; a new one would not have the hook.
      auto node = torch::autograd::impl::grad_accumulator(weight);
      made->hooks.emplace_back(node, node->add_post_hook(std::make_unique<Ready>(made.get(), i)));
    }
    made->begin();
    *out = made.release();
  });
}
// A new update: nothing is reduced yet.
TUTTI_API int32_t tutti_buckets_begin(void* buckets) {
  return guard([&] { buckets_in(buckets).begin(); });
}
// on: what backward gives from here on is final. off: it is not, as while a micro-batch is computed again in pieces.
TUTTI_API void tutti_buckets_arm(void* buckets, int32_t on) { buckets_in(buckets).armed = on != 0; }
// Begins the reductions of all that is left; weights without a gradient give zeros.
TUTTI_API int32_t tutti_buckets_flush(void* buckets) {
  return guard([&] { buckets_in(buckets).flush(); });
}
TUTTI_API int32_t tutti_buckets_wait(void* buckets, int64_t milliseconds, int32_t* done) {
  return guard([&] { *done = buckets_in(buckets).wait(milliseconds); });
}
// Of all updates: bytes reduced, those of them that were on their way before backward ended, seconds waited for, squares of what was rounded off, of all.
TUTTI_API void tutti_buckets_stats(void* buckets, double* out) {
  const auto& b = buckets_in(buckets);
  out[0] = b.bytes, out[1] = b.early, out[2] = b.waited, out[3] = b.lost, out[4] = b.all;
}
TUTTI_API void tutti_buckets_close(void* buckets) { delete static_cast<Buckets*>(buckets); }
