// Attention of one head of one sequence, with raw pointers; native/attention.cpp says what is computed.
#pragma once
#include "simd.h"

namespace tutti::simd {

// Distances between rows in elements; rows are of `size` elements without gaps.
struct AttentionHead {
  const void *query, *key, *value;
  int64_t query_stride, key_stride, value_stride;
  int64_t length, size;
  int64_t queries;      // rows of the query: as many as the length, or fewer from the first position on
  float scale;
  // Dropout: the mask's key, the row key of position 0, what 16 bits must reach to keep an element, 1 / the share that is kept.
  uint64_t mask_key, row;
  uint32_t threshold;
  float factor;
  void* context;        // forward
  int64_t context_stride;
  float* weight;        // base-2 logarithm of the sum of exponentials of each row's scores: written by forward, read by backward
  int64_t weight_stride;
  const void* grad;     // backward: of the context, and of query, key and value
  int64_t grad_stride;
  void *grad_query, *grad_key, *grad_value;
  int64_t out_stride;   // of those three
  char* scratch;        // aligned to 64 bytes
};

struct AttentionKernels {
  int64_t (*scratch)(bool half, bool backward, int64_t length, int64_t size);  // bytes, a multiple of 64
  void (*forward)(bool half, const AttentionHead& head);                       // half: bfloat16, else float32
  void (*backward)(bool half, const AttentionHead& head);
};

TUTTI_SIMD_TABLE(AttentionKernels, attention_kernels)

}  // namespace tutti::simd
