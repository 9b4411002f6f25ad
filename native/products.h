// Matrix products of row-major matrices, float32 or bfloat16, by oneDNN where the build found it, else by libtorch's operators.
#pragma once
#include <ATen/core/Tensor.h>

namespace tutti {

// y = x w^T + bias: x (m,k), w (n,k), bias (n) float32 or undefined; y (m,n) in the type of x.
at::Tensor product_forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias);

// The same into y, which may be float32 where the factors are bfloat16.
void product_forward_into(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias, at::Tensor& y);

// into = dy w, or into += dy w: dy (m,n), w (n,k), into (m,k), which may be float32 where the factors are bfloat16.
void product_input(const at::Tensor& dy, const at::Tensor& w, at::Tensor& into, bool add);

// dy^T x as (n,k) float32: dy (m,n), x (m,k).
at::Tensor product_weight(const at::Tensor& dy, const at::Tensor& x);

// into += dy^T x, float32.
void product_weight_add(const at::Tensor& dy, const at::Tensor& x, at::Tensor& into);

// The sum over rows, in float32. Every column is added up by one thread, so the bits do not depend on how many there are.
at::Tensor column_sums(const at::Tensor& x);

}  // namespace tutti
