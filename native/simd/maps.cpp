// Batch normalisation of maps with what follows it: channels lie side by side, so that every sum over pixels is a sum of vectors.
#include "maps.h"
#include "vector.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

constexpr int step = 4;                                       // rows that are worked on together

// Calls vectors(c) for whole vectors of channels and single(c) for the rest.
template <class V, class S> inline void over(int64_t width, V vectors, S single) {
  int64_t c = 0;
  for (; c + lanes <= width; c += lanes) vectors(c);
  for (; c < width; c++) single(c);
}

// Calls body(count, r) for four rows at a time, and for the rest one by one.
template <class F> inline void rows(int64_t begin, int64_t end, F body) {
  int64_t r = begin;
  for (; r + step <= end; r += step) body(std::integral_constant<int, step>(), r);
  for (; r < end; r++) body(std::integral_constant<int, 1>(), r);
}

// Distances from the first row are small beside a mean that is large beside the deviation: one pass does.
template <class T>
void moments(const T* x, int64_t width, int64_t count, float* mean, float* squares) {
  for (int64_t c = 0; c < width; c++) mean[c] = squares[c] = 0;
  rows(0, count, [&](auto many, int64_t r) {
    over(width,
        [&](int64_t c) {
          const Floats first = read(x + c);
          Floats sum = read(mean + c), square = read(squares + c);
          for (int i = 0; i < many; i++) {
            const Floats away = read(x + (r + i) * width + c) - first;
            sum += away;
            square += away * away;
          }
          write(mean + c, sum);
          write(squares + c, square);
        },
        [&](int64_t c) {
          for (int i = 0; i < many; i++) {
            const float away = load(x[(r + i) * width + c]) - load(x[c]);
            mean[c] += away;
            squares[c] += away * away;
          }
        });
  });
  for (int64_t c = 0; c < width; c++) {
    const float sum = mean[c];
    mean[c] = load(x[c]) + sum / float(count);
    squares[c] -= sum * (sum / float(count));
    if (squares[c] < 0) squares[c] = 0;
  }
}

inline Floats sigmoid(Floats z) {
  const Floats power = z * -1.44269504f;
  return 1.f / (1.f + exp2(power > 126.f ? all(126.f) : power));
}
inline float sigmoid(float z) { return 1.f / (1.f + __builtin_expf(-z)); }
inline Floats positive(Floats z) { return z < 0.f ? Floats{} : z; }  // a NaN stays one
inline float positive(float z) { return z < 0.f ? 0.f : z; }

template <bool Stream, class T> inline void leave(T* to, Floats x) {
  if constexpr (Stream) stream(to, x);
  else write(to, x);
}

template <class T, int After, bool Added, bool Stream>
void forward_as(const MapRows& n, int64_t begin, int64_t end) {
  const auto act = [](auto z) {
    if constexpr (After == 1) return positive(z);
    else if constexpr (After == 2) return decltype(z)(z * sigmoid(z));
    else return z;
  };
  for (int64_t r = begin; r < end; r++) {
    const T* x = static_cast<const T*>(n.x) + r * n.width;
    const T* added = Added ? static_cast<const T*>(n.added) + r * n.width : nullptr;
    T* y = static_cast<T*>(n.y) + r * n.width;
    over(n.width,
        [&](int64_t c) {
          Floats z = (read(x + c) - read(n.mean + c)) * read(n.scale + c) + read(n.shift + c);
          if constexpr (Added) z += read(added + c);
          leave<Stream>(y + c, act(z));
        },
        [&](int64_t c) {
          float z = (load(x[c]) - n.mean[c]) * n.scale[c] + n.shift[c];
          if constexpr (Added) z += load(added[c]);
          store(y[c], act(z));
        });
  }
  if constexpr (Stream) streamed();
}

template <class T, int After>
void forward_after(const MapRows& n, int64_t begin, int64_t end) {
  const bool added = n.added != nullptr;
  if (n.stream) (added ? forward_as<T, After, true, true> : forward_as<T, After, false, true>)(n, begin, end);
  else (added ? forward_as<T, After, true, false> : forward_as<T, After, false, false>)(n, begin, end);
}

template <class T>
void forward(const MapRows& n, int64_t begin, int64_t end) {
  (n.after == 1 ? forward_after<T, 1> : n.after == 2 ? forward_after<T, 2> : forward_after<T, 0>)(n, begin, end);
}

template <int After> inline Floats before(const MapGradients& n, Floats dy, Floats x, Floats rest, int64_t c) {
  if constexpr (After == 1) return rest > 0.f ? dy : Floats{};  // rest: y
  else if constexpr (After == 2) {                              // rest: added
    const Floats z = (x - read(n.mean + c)) * read(n.scale + c) + read(n.shift + c) + rest, s = sigmoid(z);
    return dy * s * (1.f + z * (1.f - s));
  } else if constexpr (After == 3) {
    const Floats z = (x - read(n.mean + c)) * read(n.scale + c) + read(n.shift + c);
    return z > 0.f ? dy : Floats{};
  } else return dy;
}
template <int After> inline float before(const MapGradients& n, float dy, float x, float rest, int64_t c) {
  if constexpr (After == 1) return rest > 0.f ? dy : 0.f;
  else if constexpr (After == 2) {
    const float z = (x - n.mean[c]) * n.scale[c] + n.shift[c] + rest, s = sigmoid(z);
    return dy * s * (1.f + z * (1.f - s));
  } else if constexpr (After == 3) return (x - n.mean[c]) * n.scale[c] + n.shift[c] > 0.f ? dy : 0.f;
  else return dy;
}

template <class T, int After> const T* rest_of(const MapGradients& n) { return static_cast<const T*>(After == 1 ? n.y : After == 2 ? n.added : nullptr); }

template <class T, int After, bool Stream>
void sums_as(const MapGradients& n, int64_t begin, int64_t end, float* sum, float* product) {
  const T *x = static_cast<const T*>(n.x), *dy = static_cast<const T*>(n.dy), *rest = rest_of<T, After>(n);
  T* const kept = static_cast<T*>(n.g);
  for (int64_t c = 0; c < n.width; c++) sum[c] = product[c] = 0;
  rows(begin, end, [&](auto many, int64_t r) {
    over(n.width,
        [&](int64_t c) {
          const Floats mean = read(n.mean + c);
          Floats s = read(sum + c), p = read(product + c);
          for (int i = 0; i < many; i++) {
            const int64_t at = (r + i) * n.width + c;
            const Floats value = read(x + at), g = before<After>(n, read(dy + at), value, rest != nullptr ? read(rest + at) : Floats{}, c);
            s += g;
            p += g * (value - mean);
            if (kept != nullptr) leave<Stream>(kept + at, g);
          }
          write(sum + c, s);
          write(product + c, p);
        },
        [&](int64_t c) {
          for (int i = 0; i < many; i++) {
            const int64_t at = (r + i) * n.width + c;
            const float value = load(x[at]), g = before<After>(n, load(dy[at]), value, rest != nullptr ? load(rest[at]) : 0.f, c);
            sum[c] += g;
            product[c] += g * (value - n.mean[c]);
            if (kept != nullptr) store(kept[at], g);
          }
        });
  });
  for (int64_t c = 0; c < n.width; c++) product[c] *= n.rstd[c];
  if constexpr (Stream) streamed();
}

template <class T, int After, bool Stream>
void backward_as(const MapGradients& n, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    const int64_t at = r * n.width;
    const T *x = static_cast<const T*>(n.x) + at, *dy = static_cast<const T*>(n.dy) + at, *rest = rest_of<T, After>(n);
    T* const dx = static_cast<T*>(n.dx) + at;
    over(n.width,
        [&](int64_t c) {
          const Floats value = read(x + c), given = before<After>(n, read(dy + c), value, rest != nullptr ? read(rest + at + c) : Floats{}, c);
          leave<Stream>(dx + c, read(n.a + c) * given + read(n.b + c) * (value - read(n.mean + c)) + read(n.c + c));
        },
        [&](int64_t c) {
          const float value = load(x[c]), given = before<After>(n, load(dy[c]), value, rest != nullptr ? load(rest[at + c]) : 0.f, c);
          store(dx[c], n.a[c] * given + n.b[c] * (value - n.mean[c]) + n.c[c]);
        });
  }
  if constexpr (Stream) streamed();
}

template <class T, bool Stream>
void sums_of(const MapGradients& n, int64_t begin, int64_t end, float* sum, float* product) {
  (n.after == 1 ? sums_as<T, 1, Stream> : n.after == 2 ? sums_as<T, 2, Stream> : n.after == 3 ? sums_as<T, 3, Stream> : sums_as<T, 0, Stream>)(n, begin, end, sum, product);
}

template <class T>
void sums(const MapGradients& n, int64_t begin, int64_t end, float* sum, float* product) { (n.stream && n.g != nullptr ? sums_of<T, true> : sums_of<T, false>)(n, begin, end, sum, product); }

template <class T, bool Stream>
void backward_of(const MapGradients& n, int64_t begin, int64_t end) {
  (n.after == 1 ? backward_as<T, 1, Stream> : n.after == 2 ? backward_as<T, 2, Stream> : n.after == 3 ? backward_as<T, 3, Stream> : backward_as<T, 0, Stream>)(n, begin, end);
}

template <class T>
void backward(const MapGradients& n, int64_t begin, int64_t end) { (n.stream ? backward_of<T, true> : backward_of<T, false>)(n, begin, end); }

}  // namespace

const Maps maps{moments<float>, moments<bf16>, forward<float>, forward<bf16>, sums<float>, sums<bf16>, backward<float>, backward<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
