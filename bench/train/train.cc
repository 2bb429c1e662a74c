// bench_train: how fast Quiver trains, for tools/bench_train, which runs it in turn with programs that do the same.
//
//   bench_train transformer even 1                         {"tokens_per_second": ...}: steps of a small text encoder
//   bench_train words text.txt skip_gram 3 v.txt           {"tokens_per_second", "men"?...}: vectors of a corpus, one
//   thread bench_train loader 64                                  {"waited", "seconds"}: what a step waits for its
//   batch
//
// Speeds are tokens a second of processor time, so that a busy machine slows every program alike or none.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <unordered_map>
#include <vector>

#include "quiver/core/cpu_time.h"
#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/run.h"
#include "quiver/learn/encoders/transformer.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/optimizer.h"
#include "quiver/learn/prefetch.h"
#include "quiver/learn/words/word_vectors.h"
