#pragma once
#include "simd.h"

namespace tutti::simd {

// One step of an LSTM layer of H units, gates in the order input, forget, cell, output. T is the type of the products' factors.
struct LstmForward {
  int64_t units, rows, next;  // rows: sequences of this step; next: of them, those that have another
  const void* before;         // (rows, H) of T: h of the step before
  const uint32_t* weights;    // packed
  void* gates;                // (rows, 4H) of T; in: what the inputs and biases give; out: after their functions
  const float* old;           // (rows, H): c of the step before
  float* cells;               // (rows, H): c
  float* outputs;             // (rows, H): h
  void* after;                // (next, H) of T: h, for the next step
};

// The gradient of one step's gates from that of the step behind it; or, where `to` is null, of h before the first step.
struct LstmBackward {
  int64_t units, rows, later;  // later: of this step's rows, those of the step behind
  const void* behind;          // (later, 4H) of T: the gradient of the gates of the step behind
  const uint32_t* weights;     // packed
  const float* last;           // (rows, H): the gradient of h for sequences that end here, or null
  const float* outputs;        // (rows, H): the gradient of h as an output, or null
  const void* gates;           // (rows, 4H) of T
  const float *cells, *old;    // (rows, H)
  float* carried;              // (rows, H): the gradient of c, of this step and then of the one before
  void* to;                    // (rows, 4H) of T
  float* first;                // (rows, H): where `to` is null
};

// A step is cut into pieces that know nothing of each other: vectors of units forward, panels of them backward. The bits do not depend on who does which.
struct LstmSteps {
  int64_t (*vectors)(int64_t units);
  int64_t (*panels)(int64_t units);
  int64_t (*words)(int64_t units);  // that packed weights take, in either direction
  void (*pack_forward)(const void* w, int64_t units, int64_t begin, int64_t end, uint32_t* to);  // w (4H, H) of T
  void (*forward)(const LstmForward& n, int64_t begin, int64_t end);
  void (*pack_backward)(const void* w, int64_t units, int64_t begin, int64_t end, uint32_t* to);
  void (*backward)(const LstmBackward& n, int64_t begin, int64_t end);
};
struct Lstm { LstmSteps full, half; };  // float32, and bfloat16 with an even number of units
TUTTI_SIMD_TABLE(Lstm, lstm)

}  // namespace tutti::simd
