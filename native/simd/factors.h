// Gradient steps of a factor model, one rating at a time: biases and rows of factors of users and of items.
#pragma once
#include "simd.h"

namespace tutti::simd {

constexpr int64_t factor_block = 16;  // floats; rows are multiples of it

struct FactorRating {
  int32_t user, item;
  float value;
};

// Rows of both sides are `width` floats, of which those behind the factors are zeros and stay so. A share is what a rating of a user (item) adds to the penalty.
struct FactorTables {
  float *users, *items, *user_bias, *item_bias;
  const float *user_share, *item_share;
  int64_t width;
  float offset, low, span;  // of the sigmoid; none where the span is 0
  float penalty, bias_penalty;
};

struct FactorKernels {
  // For every rating in order: half its squared error plus half the penalties, a step of `rate` downhill. The sum of squared errors, each before its step.
  double (*steps)(const FactorTables& tables, const FactorRating* ratings, int64_t count, float rate, float bias_rate);
};

TUTTI_SIMD_TABLE(FactorKernels, factor_kernels)

}  // namespace tutti::simd
