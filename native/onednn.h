// What every computation by oneDNN needs, where the build found it.
#pragma once
#ifdef TUTTI_ONEDNN
#include <ATen/ATen.h>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

namespace tutti {

inline const dnnl::engine& cpu() {
  static const auto* engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

inline dnnl::memory::data_type type_of(at::ScalarType type) { return type == at::kBFloat16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32; }

// Memory from our allocator, so that it is counted: with `scratch_from_us`, also what a computation needs while it runs.
inline at::Tensor room(const dnnl::memory::desc& of) { return at::empty({int64_t(of.get_size())}, at::kByte); }

inline dnnl::primitive_attr scratch_from_us() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace tutti
#endif
