// A tile of pixels beside each other and one vector of channels at a time: every pixel that is read serves all windows of the tile that it lies in.
#include "depthwise.h"
#include "vector.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

#if defined(__AVX512F__)
constexpr int tile = 8;
#else
constexpr int tile = 4;                                       // fewer registers
#endif

// One vector of channels, or fewer at the end of a row of them.
template <class T> struct Whole {
  static Floats in(const T* from, int64_t) { return read(from); }
  static void out(T* to, Floats x, int64_t) { write(to, x); }
};
template <class T> struct Part {
  static Floats in(const T* from, int64_t many) {
    Floats x{};
    for (int i = 0; i < lanes; i++)
      if (i < many) x[i] = load(from[i]);
    return x;
  }
  static void out(T* to, Floats x, int64_t many) {
    for (int i = 0; i < lanes; i++)
      if (i < many) store(to[i], x[i]);
  }
};

template <class T, int K, template <class> class Cut>
void forward_of(const Windows& n, const T* x, const float* weight, const float* bias, T* y, int64_t row, int64_t c, int64_t many) {
  constexpr int pad = K / 2;
  const int64_t W = n.width, C = n.channels, h = row % n.height;
  const T* const picture = x + (row - h) * W * C + c;
  for (int64_t w = 0; w < W; w += tile) {
    Floats sum[tile];
    const Floats start = bias != nullptr ? Cut<float>::in(bias + c, many) : Floats{};
    for (int t = 0; t < tile; t++) sum[t] = start;
    for (int i = 0; i < K; i++) {
      const int64_t from = h + i - pad;
      if (from < 0 || from >= n.height) continue;
      const T* const line = picture + from * W * C;
      Floats k[K];
      for (int j = 0; j < K; j++) k[j] = Cut<float>::in(weight + (i * K + j) * C + c, many);
#pragma GCC unroll 16
      for (int s = 0; s < tile + K - 1; s++) {
        const int64_t at = w + s - pad;
        if (at < 0 || at >= W) continue;
        const Floats value = Cut<T>::in(line + at * C, many);
#pragma GCC unroll 8
        for (int j = 0; j < K; j++)
          if (s - j >= 0 && s - j < tile) sum[s - j] += value * k[j];
      }
    }
    for (int t = 0; t < tile; t++)
      if (w + t < W) Cut<T>::out(y + (row * W + w + t) * C + c, sum[t], many);
  }
}

template <class T, int K, template <class> class Cut>
void weight_of(const Windows& n, const T* x, const T* dy, float* weight, int64_t row, int64_t c, int64_t many) {
  constexpr int pad = K / 2;
  const int64_t W = n.width, C = n.channels, h = row % n.height;
  const T* const picture = x + (row - h) * W * C + c;
  const T* const given = dy + row * W * C + c;
  for (int i = 0; i < K; i++) {
    const int64_t from = h + i - pad;
    if (from < 0 || from >= n.height) continue;
    const T* const line = picture + from * W * C;
    Floats sum[K];
    for (int j = 0; j < K; j++) sum[j] = Cut<float>::in(weight + (i * K + j) * C + c, many);
    for (int64_t w = 0; w < W; w += tile) {
      Floats g[tile];
      for (int t = 0; t < tile; t++) g[t] = w + t < W ? Cut<T>::in(given + (w + t) * C, many) : Floats{};
#pragma GCC unroll 16
      for (int s = 0; s < tile + K - 1; s++) {
        const int64_t at = w + s - pad;
        if (at < 0 || at >= W) continue;
        const Floats value = Cut<T>::in(line + at * C, many);
#pragma GCC unroll 8
        for (int j = 0; j < K; j++)
          if (s - j >= 0 && s - j < tile) sum[j] += value * g[s - j];
      }
    }
    for (int j = 0; j < K; j++) Cut<float>::out(weight + (i * K + j) * C + c, sum[j], many);
  }
}

template <class T, int K>
void forward_rows(const Windows& n, const T* x, const float* weight, const float* bias, T* y, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    int64_t c = 0;
    for (; c + lanes <= n.channels; c += lanes) forward_of<T, K, Whole>(n, x, weight, bias, y, row, c, lanes);
    if (c < n.channels) forward_of<T, K, Part>(n, x, weight, bias, y, row, c, n.channels - c);
  }
}

template <class T, int K>
void weight_rows(const Windows& n, const T* x, const T* dy, float* weight, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    int64_t c = 0;
    for (; c + lanes <= n.channels; c += lanes) weight_of<T, K, Whole>(n, x, dy, weight, row, c, lanes);
    if (c < n.channels) weight_of<T, K, Part>(n, x, dy, weight, row, c, n.channels - c);
  }
}

template <class T>
void forward(const Windows& n, const T* x, const float* weight, const float* bias, T* y, int64_t begin, int64_t end) {
  (n.size == 3 ? forward_rows<T, 3> : n.size == 5 ? forward_rows<T, 5> : forward_rows<T, 7>)(n, x, weight, bias, y, begin, end);
}

template <class T>
void weight(const Windows& n, const T* x, const T* dy, float* out, int64_t begin, int64_t end) {
  (n.size == 3 ? weight_rows<T, 3> : n.size == 5 ? weight_rows<T, 5> : weight_rows<T, 7>)(n, x, dy, out, begin, end);
}

}  // namespace

const Depthwise depthwise{forward<float>, forward<bf16>, weight<float>, weight<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
