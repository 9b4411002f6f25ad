#include "casts.h"
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <mutex>
#include <unordered_map>

namespace tutti {

namespace {

struct Kept {
  c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> owner;  // an address may be used again
  int64_t version;
  at::Tensor cast;
};

std::mutex lock;
std::unordered_map<c10::TensorImpl*, Kept>& kept() {
  static auto* table = new std::unordered_map<c10::TensorImpl*, Kept>();  // never destroyed: tensors outlive statics
  return *table;
}

int64_t version_of(const at::Tensor& weight) { return int64_t(weight.unsafeGetTensorImpl()->version_counter().current_version()); }

}  // namespace

at::Tensor kept_cast(const at::Tensor& weight) {
  std::lock_guard<std::mutex> held(lock);
  const auto found = kept().find(weight.unsafeGetTensorImpl());
  if (found == kept().end()) return {};
  if (found->second.version == version_of(weight) && !found->second.owner.expired()) return found->second.cast;
  kept().erase(found);
  return {};
}

at::Tensor cast_weight(const at::Tensor& weight) {
  if (auto found = kept_cast(weight); found.defined()) return found;
  at::NoGradGuard unrecorded;
  auto cast = weight.detach().to(at::kBFloat16).contiguous();
  if (!at::autocast::is_autocast_cache_enabled()) return cast;
  std::lock_guard<std::mutex> held(lock);
  kept().insert_or_assign(weight.unsafeGetTensorImpl(), Kept{c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>(weight.getIntrusivePtr()), version_of(weight), cast});
  return cast;
}

at::Tensor weight_as(const at::Tensor& weight, at::ScalarType type) { return type == at::kBFloat16 ? cast_weight(weight) : weight.contiguous(); }

void cast_changed(const at::Tensor& weight) {
  std::lock_guard<std::mutex> held(lock);
  if (const auto found = kept().find(weight.unsafeGetTensorImpl()); found != kept().end()) found->second.version = version_of(weight);
}

void drop_casts() {
  std::unordered_map<c10::TensorImpl*, Kept> old;
  std::lock_guard<std::mutex> held(lock);
  old.swap(kept());
}

}  // namespace tutti
