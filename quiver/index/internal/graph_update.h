// Live updates of a graph index: rows come, go, and their places are used again.
//
//   add      a row takes the least free slot, or a new one: its codes are written there, it is linked (graph_insert.h)
//   remove   a row is no hit any more; its slot leads on until a tenth of all do only that, then they are taken out
//            (graph_repair.h) and are free
//   compact  the rows that are left move together and are numbered anew
//
// The root's entries are drawn again when a quarter of the rows is new or gone, and recall is measured again when
// half as many rows came and went as are there, so that `recall=` goes on meaning what it says: on the sample queries
// the index was built with, or on rows of its own. All of it depends on the calls alone, not on when a file was saved
// or opened between them. Thread-safety: one owner, no readers. Cost: docs/explanation/graph-index.md.
#pragma once
#include "quiver/compress/dense_input.h"
#include "quiver/index/internal/graph_body.h"
#include "quiver/index/internal/index_file.h"

namespace quiver::internal {

// `input` is what `rows` hold. Nothing changes when it fails. Errors: of Codes::append; InvalidArgument: more slots or
// row numbers than there are.
Result<void> add_rows(GraphBody& body, const RowsView& rows, const DenseInput& input);
// Errors: NotFound, then nothing is removed.
Result<void> remove_rows(GraphBody& body, std::span<const std::uint32_t> rows);
// The former number of every row. Errors: Cancelled, then nothing is changed.
Result<std::vector<std::uint32_t>> compact(GraphBody& body, Run& run);

// Slots, what is removed and free, and what changed since when: sections "slots", "free", "churn" and "queries" behind
// `prefix`, each only where there is something to say. Loading takes the rest from `body`. Errors: Corruption.
void save_churn(ContainerWriter& writer, std::string_view prefix, const GraphBody& body);
Result<void> load_churn(GraphBody& body, const Container& file, std::string_view prefix, const IndexHeader& header);

}  // namespace quiver::internal
