// Weights cast to bfloat16: once, however many micro-batches and passes need them; the optimizer keeps them up to date.
#pragma once
#include <ATen/core/Tensor.h>

namespace tutti {

// The bfloat16 copy of a float32 weight as it is now. Kept until the weight changes or the copies are dropped, unless autocast's cache is off.
at::Tensor cast_weight(const at::Tensor& weight);

// A weight in the type of a computation, contiguous: itself, or `cast_weight`.
at::Tensor weight_as(const at::Tensor& weight, at::ScalarType type);

// The kept copy of a weight, or an undefined tensor. Whoever changes the weight may change the copy too and call `cast_changed`.
at::Tensor kept_cast(const at::Tensor& weight);
void cast_changed(const at::Tensor& weight);

// A copy of a weight that changed otherwise is never used again.
void drop_casts();

}  // namespace tutti
