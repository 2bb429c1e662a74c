#include "quiver/data/read_hdf5.h"

#include <algorithm>
#include <string>
#include <vector>

#include "quiver/data/internal/array.h"
#include "quiver/data/internal/child.h"
#include "quiver/data/internal/hdf5_stream.h"

namespace quiver {
namespace {
using internal::Child;
using internal::Hdf5Frame;

Result<Items> take_vectors(Child& child, const Hdf5Frame& frame) {
  const Space space{.id = {}, .metric = frame.metric, .prefix_of = {}};
  TypedMatrix out(frame.element, frame.rows, frame.cols);
  const std::size_t width = bytes_of(frame.element, frame.cols);
  for (std::size_t row = 0; row < frame.rows; ++row) QUIVER_TRY(child.read({out.row(row), width}));
  Rows rows = Rows::dense(std::move(out), space);
  if (frame.element == Element::F32) {
    QUIVER_TRY(const MatrixView view, rows.dense());
    QUIVER_TRY(check_finite(view, "vectors"));
  }
  return Items::of("vectors", std::move(rows));
}

Result<Items> take_lists(Child& child, const Hdf5Frame& frame) {
  QUIVER_TRY(internal::check_counts(frame.rows * frame.cols, 1));
  std::vector<double> numbers(frame.rows * frame.cols);
  QUIVER_TRY(child.read(std::as_writable_bytes(std::span(numbers))));
  return Items::of(frame.kind == Hdf5Frame::Neighbors ? "neighbors" : "distances", std::move(numbers), frame.cols);
}

Result<Items> take_all(Child& child, std::size_t file_size) {
  Items items;
  for (;;) {
    Hdf5Frame frame;
    QUIVER_TRY(child.read(std::as_writable_bytes(std::span(&frame, 1))));
    switch (frame.kind) {
      case Hdf5Frame::End:
        return items;
      case Hdf5Frame::Failed: {
        std::string message(std::min<std::uint64_t>(frame.rows, 4096), ' ');
        QUIVER_TRY(child.read(std::as_writable_bytes(std::span(message))));
        return Error(frame.code, std::move(message));
      }
      case Hdf5Frame::Vectors:
      case Hdf5Frame::Neighbors:
      case Hdf5Frame::Distances:
        break;
    }
    QUIVER_TRY(internal::check_counts(frame.rows, frame.cols));
    if (!internal::could_hold(frame.rows, frame.cols, 1, file_size))
      return Error::corruption("a matrix claims too many values");
    if (frame.kind == Hdf5Frame::Vectors) {
      QUIVER_TRY(items, take_vectors(child, frame));
    } else {
      QUIVER_TRY(const Items lists, take_lists(child, frame));
      QUIVER_TRY(items, items.beside(lists).within("test and its neighbours"));
    }
  }
}
}  // namespace

Result<Items> read_hdf5(const Source& source, const ReadOptions& options) {
  return read_hdf5_within(source, options, std::chrono::seconds(30));
}

Result<Items> read_hdf5_within(const Source& source, const ReadOptions& options, std::chrono::milliseconds silence) {
  QUIVER_TRY(Child child,
             Child::start([&](internal::ChildSink& sink) { internal::stream_hdf5(source, options, sink); }, silence));
  return take_all(child, source.bytes().size());
}

}  // namespace quiver
