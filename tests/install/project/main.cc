// Uses Quiver as an outside program does: the three closest of four rows, by the installed headers and archives alone.
#include <cstdio>

#include "quiver/core/matrix.h"
#include "quiver/core/metric.h"
#include "quiver/core/top_k.h"

int main() {
  quiver::Matrix rows(4, 2);
  for (std::size_t i = 0; i < rows.rows(); ++i) rows.row(i)[0] = static_cast<float>(i);
  quiver::TopK best(3);
  for (std::uint32_t i = 0; i < 4; ++i) {
    best.offer({i, static_cast<float>(quiver::distance(quiver::Metric::L2, rows.row(2), rows.row(i)))});
  }
  for (const quiver::Hit& hit : best.sorted()) std::printf("%u %g\n", hit.row, static_cast<double>(hit.distance));
}
