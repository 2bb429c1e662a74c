// The files of the public sets that can be fetched, as their repositories publish them: name here, path there, bytes,
// sha256. Private to quiver/data/catalogue.cc, which describes the sets.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quiver/data/catalogue.h"

namespace quiver::internal {

struct Row {
  std::string_view name, path;
  std::uint64_t bytes;
  std::string_view sha256;
};
// The rows as files of one repository at one commit.
template <std::size_t N>
constexpr std::array<PublicFile, N> in(std::string_view repository, std::string_view commit, const Row (&rows)[N]) {
  std::array<PublicFile, N> files{};
  for (std::size_t i = 0; i < N; ++i) {
    files[i] = {rows[i].name, repository, commit, rows[i].path, rows[i].bytes, rows[i].sha256};
  }
  return files;
}

constexpr Row kBundlesRows[] = {
    {"clothing/bundle_intent.csv", "dataset/clothing/bundle_intent.csv", 49162,
     "aa014189976bc1b6b16baa3e3418ce205f6422cad70249e251ea8af217fe97c1"},
    {"clothing/bundle_item.csv", "dataset/clothing/bundle_item.csv", 69813,
     "5eb5ad2104e6ac7340abe76c358b700dfc72c075fe1afcb5d7d7a916e7753e82"},
    {"clothing/item_categories.csv", "dataset/clothing/item_categories.csv", 638675,
     "1a62964575d3d0a87ef2e4b8a0de1c6ce45b649ee27d139512b3de5ffedc24a3"},
    {"clothing/item_titles.csv", "dataset/clothing/item_titles.csv", 299249,
     "4719a0d21d7a9072c726299781f4d9ee6504f00932f7b748141a8c3c44388a07"},
    {"clothing/session_bundle.csv", "dataset/clothing/session_bundle.csv", 15880,
     "3ffe1444c10332c9585b890eef1828d920ec7b30da32e1bb3a79d4e04f3fdd28"},
    {"clothing/session_item.csv", "dataset/clothing/session_item.csv", 72356,
     "0c9ac82a1bace2deb0a5c84e2cfc18210958053784351b6925f0342417849741"},
    {"clothing/user_bundle.csv", "dataset/clothing/user_bundle.csv", 36989,
     "24fde36824c259bcb22dd86c06356781b5c7b2e72d1c8a3e520ceb273f038c06"},
    {"clothing/user_item.csv", "dataset/clothing/user_item.csv", 136473,
     "7cecea6149c8be073ecf7e5ba21be868cd5fd2122a0cba57198c7f6746a90e09"},
    {"clothing/user_session.csv", "dataset/clothing/user_session.csv", 18200,
     "9da0398159962a9591c6d635303a0eec8d4dc187593fbe157a4d4ea64fddc98b"},
    {"electronic/bundle_intent.csv", "dataset/electronic/bundle_intent.csv", 45807,
     "4842c8d9bde56585bac0cc08918038aa2d27b61a988070fadea9089d4dc16660"},
    {"electronic/bundle_item.csv", "dataset/electronic/bundle_item.csv", 66259,
     "86e10270825961063ff1ae4a9557bc8d590f0f79356c77fce26a08dce9d1f824"},
    {"electronic/item_categories.csv", "dataset/electronic/item_categories.csv", 320055,
     "04a0cdb5b5567b0c0c18e22a29a38f77718ff9770281c3f0672a3c57ddcc4d25"},
    {"electronic/item_titles.csv", "dataset/electronic/item_titles.csv", 342557,
     "8d77a35db7527bd87f0a8fb4630e5412446d15140ad4210b5a28a738dc274ae1"},
    {"electronic/session_bundle.csv", "dataset/electronic/session_bundle.csv", 14451,
     "2721967c6f05dfeb12511f9e15d6d6673a7c43a796fc74f1115546e0881c6ec5"},
    {"electronic/session_item.csv", "dataset/electronic/session_item.csv", 67885,
     "d7447a47a145fb7bfdc0ac94f6912897832b4cf464f4b33f95ada1b3c110790f"},
    {"electronic/user_bundle.csv", "dataset/electronic/user_bundle.csv", 33784,
     "adfe1efff2e0e14a2cad85e139e028ed433baeb135f2222af1a212e063b96a05"},
    {"electronic/user_item.csv", "dataset/electronic/user_item.csv", 131524,
     "a8778af786d00404e32be48b43ae2cddd7ce60ad898c56f3615042240e278a67"},
    {"electronic/user_session.csv", "dataset/electronic/user_session.csv", 21955,
     "67c4e36f806a6b928a72c73a54975664d82e938aa6ba81ebe6d7af10b8dcbe34"},
    {"food/bundle_intent.csv", "dataset/food/bundle_intent.csv", 36949,
     "c752f42b40d6bfddea78771afdbdcfc0141dc1bf8d80a9522b14619318545fca"},
    {"food/bundle_item.csv", "dataset/food/bundle_item.csv", 65253,
     "78bbe8e0ecc323c669460467393e5062c8253e03b0fe485f1cdbf7f1f41b077b"},
    {"food/item_categories.csv", "dataset/food/item_categories.csv", 303714,
     "bb395a3e0e9a79163322022c7e0132889002baa20258e2cda61dec1fbc0a974c"},
    {"food/item_titles.csv", "dataset/food/item_titles.csv", 260559,
     "04d517844a92d491c2e0528364e66d3d996dd5162089bcf010e1607b76d1f19b"},
    {"food/session_bundle.csv", "dataset/food/session_bundle.csv", 14753,
     "63144470b7ba0c7c87f0e55feadfa51945bf61a85418f5f34fb3ba5bbd7436bd"},
    {"food/session_item.csv", "dataset/food/session_item.csv", 64289,
     "4a18225416e34c5b6584f1c08321529d9f92f0a3f041574c17f995f4ddfa1210"},
    {"food/user_bundle.csv", "dataset/food/user_bundle.csv", 34458,
     "eb22b8ee0e52e1d5e989ebbef22a254fc7f6b46f30b3f7d172da492cfdb2a0ec"},
    {"food/user_item.csv", "dataset/food/user_item.csv", 132772,
     "edd6f5d34f27e54b79edfb5d6f3b1580a0d79d2b35b781f86b93d011b299580e"},
    {"food/user_session.csv", "dataset/food/user_session.csv", 22135,
     "f784fe581b3da5e7afdfe703bf981a6bf41f2f107880c341cbcf552ae0a880ee"},
};
constexpr auto kBundles =
    in("BundleRec/bundle_recommendation", "087da2e2b4d8738ef23f3f6f2005505e8685edde", kBundlesRows);

constexpr Row kFacebookBooksRows[] = {
    {"dataset_facebook.tsv", "data/dataset_facebook.tsv", 215726,
     "9c4aee95c6d5c64762bb5e734ba309b7f7a53c6e6c5bca17c6ab1dd21afd6834"},
};
constexpr auto kFacebookBooks =
    in("antoniopurificato/Sheaf4Rec", "2cd476fd95cee8f2e6e6d5c6c21c37d2cef5ebdd", kFacebookBooksRows);

constexpr Row kMulti30kRows[] = {
    {"task1-test_2016_flickr.de.gz", "data/task1/raw/test_2016_flickr.de.gz", 22890,
     "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"},
    {"task1-test_2016_flickr.en.gz", "data/task1/raw/test_2016_flickr.en.gz", 21077,
     "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"},
    {"task1-train.de.gz", "data/task1/raw/train.de.gz", 637044,
     "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6"},
    {"task1-train.en.gz", "data/task1/raw/train.en.gz", 568929,
     "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f"},
    {"task1-val.de.gz", "data/task1/raw/val.de.gz", 24681,
     "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a"},
    {"task1-val.en.gz", "data/task1/raw/val.en.gz", 21650,
     "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28"},
    {"task2-test_2016.1.en.gz", "data/task2/raw/test_2016.1.en.gz", 31678,
     "bf64274c8e1f73ba57d47409f707a640b3874a06e7e83adfb5a6d4c055bc6b29"},
    {"task2-test_2016.2.en.gz", "data/task2/raw/test_2016.2.en.gz", 24829,
     "36c12dac199e336e74ebe91c5240a1c6cefce7af2a3f3a2054d184947932bc3c"},
    {"task2-test_2016.3.en.gz", "data/task2/raw/test_2016.3.en.gz", 20861,
     "2188662d22b01c5ecf7ae6a7c003b45fc83c510d34999c2340078e75088b0f1f"},
    {"task2-test_2016.4.en.gz", "data/task2/raw/test_2016.4.en.gz", 17667,
     "dcb6a0ad2ae40f54a1f9e9f20d3146c7f0a662feece2e78d2d511667bf229f08"},
    {"task2-test_2016.5.en.gz", "data/task2/raw/test_2016.5.en.gz", 14428,
     "60e31317f0d960aed273d8ec527411935fb1ff3dee2c9cc9572259739ff193c0"},
    {"task2-train.1.en.gz", "data/task2/raw/train.1.en.gz", 867789,
     "a0e057f07a9733199c0d755d77f6d583dc6f40a3180734b1130a216e2fdf3a3b"},
    {"task2-train.2.en.gz", "data/task2/raw/train.2.en.gz", 666845,
     "d79dd70a9eafb2d1fe40151621278c4ae69b3c148c5052a53d7c7a41bf3ba023"},
    {"task2-train.3.en.gz", "data/task2/raw/train.3.en.gz", 555423,
     "86e16fdcc699bcb6bca0f87c3cf1051f7de5ee3674dd588cedc5200194282749"},
    {"task2-train.4.en.gz", "data/task2/raw/train.4.en.gz", 465845,
     "3771b84e010ad6197806d2a1188cb07c12149e3e0d178dd5966dee5763733686"},
    {"task2-train.5.en.gz", "data/task2/raw/train.5.en.gz", 375613,
     "73988689307fe836994eae59735dc840c15da9775455fa76e6ed22606a042a91"},
    {"task2-val.1.en.gz", "data/task2/raw/val.1.en.gz", 32603,
     "4ce8f8ffbef4a1c066e3f35a5ffc764666c26c318a733d9bdc6349577f1c6f9c"},
    {"task2-val.2.en.gz", "data/task2/raw/val.2.en.gz", 25187,
     "4103944d652127e5af33ba2761d71cb6c0e1509c1a67d4387dc67ad768cfb752"},
    {"task2-val.3.en.gz", "data/task2/raw/val.3.en.gz", 21098,
     "6ecd848713d98faa9c6db2e9e457a778335358e6e3a4743cf4e929a0516e399a"},
    {"task2-val.4.en.gz", "data/task2/raw/val.4.en.gz", 18091,
     "bfab4f0cbdac6233f206bbbfbd324dc02b258e291c3f410a69f9884171008788"},
    {"task2-val.5.en.gz", "data/task2/raw/val.5.en.gz", 14799,
     "4b6a6541b7b58d545eff7feead4187aeb0439a7178a7bed6951121e0ecbaee66"},
};
constexpr auto kMulti30k = in("multi30k/dataset", "a3d2e0d26b56f3846f66a952536ffed4e401d05a", kMulti30kRows);

constexpr Row kNltkCorporaRows[] = {
    {"brown.zip", "packages/corpora/brown.zip", 3314357,
     "9b275f9b3b95d7bd66ccfb7cd259f445a13bbe5d1f4107aba09fd3e8364bafa6"},
    {"movie_reviews.zip", "packages/corpora/movie_reviews.zip", 4004848,
     "a41211ae685019137410268134db6a1a14428c89b671eb83056151a878539008"},
    {"senseval.zip", "packages/corpora/senseval.zip", 2151350,
     "fbcb658b562969e47a19a45e04c452d874755d157db936d815ca391ca88bfdea"},
    {"subjectivity.zip", "packages/corpora/subjectivity.zip", 521628,
     "741f3371e1a4375051b874fd82fd55857b90975473c91c19a3101cbe17fc4d8c"},
};
constexpr auto kNltkCorpora = in("nltk/nltk_data", "5db857e6f7df11eabb5e5665836db9ec8df07e28", kNltkCorporaRows);

constexpr Row kOmniglotRows[] = {
    {"all_runs.zip", "python/one-shot-classification/all_runs.zip", 352787,
     "437c1eeab0af8484112e1b4cc0f3d541ec727f7c47b9b202da738af9dfd6c325"},
    {"images_background_small1.zip", "python/images_background_small1.zip", 1319022,
     "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4"},
    {"images_background_small2.zip", "python/images_background_small2.zip", 1580917,
     "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f"},
};
constexpr auto kOmniglot = in("brendenlake/omniglot", "057f034baf2ecb8530bc5710e5a23584d2a519cc", kOmniglotRows);

constexpr Row kSqueezenetRows[] = {
    {"squeezenet_v1.1.bin", "models/squeezenet_v1.1.bin", 2478984,
     "928c82c485a16064df88794d83c333025055e60c08f73217222244ab0ed2dbc6"},
    {"squeezenet_v1.1.param", "models/squeezenet_v1.1.param", 7145,
     "6a38784ab51f056e5ecdf208120f8a9174b74831255e66b74c4dd6bf755a4324"},
};
constexpr auto kSqueezenet = in("nihui/ncnn-assets", "9489f876aebdaa846af3786f70ea5da6be198243", kSqueezenetRows);

constexpr Row kStsbRows[] = {
    {"LICENSE", "LICENSE", 6456, "c1453eb5164eb5a361c4482570c714ea666b64e92142f1fdd301faf4802674f4"},
    {"stsb-en-dev.csv", "data/stsb-en-dev.csv", 204675,
     "d29586e96558c4eb52cf5ea5d14e9c24d3bf0e44f111b017caba43a5adc33226"},
    {"stsb-en-test.csv", "data/stsb-en-test.csv", 158891,
     "11523b625219e94e9ca05d2816b5f02cac1614c5894fe657376fa0806378d053"},
    {"stsb-en-train.csv", "data/stsb-en-train.csv", 708863,
     "e1e84fec60bbb598735552f54a35f4949904a484750fd2cb11e2720e49f63da6"},
    {"stsb-ja-dev.csv", "data/stsb-ja-dev.csv", 266161,
     "ae4a1da6a8df882ad1bf7a822456730188327c21e4ed0a3aec428e05cbaeb2f2"},
    {"stsb-ja-test.csv", "data/stsb-ja-test.csv", 210014,
     "5ab39526aa6fb3c275f46310d807956dd5c0721fcd0a2687545287bba739b589"},
    {"stsb-ja-train.csv", "data/stsb-ja-train.csv", 925787,
     "5c25383359fcc2482414fd665f642aa4eaedc27ea1ab0a7e6c4075de8f61346f"},
};
constexpr auto kStsb = in("PhilipMay/stsb-multi-mt", "30de0dec4ee199b7f42351d3f1a0b19592955385", kStsbRows);

constexpr Row kWordAnalogyRows[] = {
    {"LICENSE", "LICENSE", 11393, "79167dda6a614c9f264c3c126c7f5377df28ee47fa51ff4d916dc8f7122c17e1"},
    {"capital-common-countries.txt", "eval/question-data/capital-common-countries.txt", 14696,
     "e7327a1cd0b79da1644b8fd422b0b1f56aad9aba011e4d18035700257ad72010"},
    {"capital-world.txt", "eval/question-data/capital-world.txt", 142116,
     "d148049b13030522bcc985f3af36224027a1fe46df0c39a1f4e8041b4517a0a2"},
    {"city-in-state.txt", "eval/question-data/city-in-state.txt", 85687,
     "9369b1f39cc987fe50a17cc4e390f42027ab301ec9cec2d9d883f5edfadd10eb"},
    {"currency.txt", "eval/question-data/currency.txt", 22922,
     "eb213f430ef60085e99358dad92cb196959452109e371902db76323a44ec61a4"},
    {"family.txt", "eval/question-data/family.txt", 15092,
     "ec4d151da592b533ec927887baa69c072d336aecbf4bf293a9ca930d286d0ea0"},
    {"gram1-adjective-to-adverb.txt", "eval/question-data/gram1-adjective-to-adverb.txt", 34844,
     "3ab98fefcf131adc4f4ff489aaef6433fc72fdbce94028a0da1eb2638272d72c"},
    {"gram2-opposite.txt", "eval/question-data/gram2-opposite.txt", 33376,
     "e468c349272062d59d3b73eb0f40128c2873f0eed724ef9b92129aa6e86eb837"},
    {"gram3-comparative.txt", "eval/question-data/gram3-comparative.txt", 33552,
     "65297594c90d6814c8d30ad0cfe795b95dc9d9e7c0d322434b77645c87440da9"},
    {"gram4-superlative.txt", "eval/question-data/gram4-superlative.txt", 30888,
     "ec90e07fdfbac8d3459a0000b87b62e4b7ff6dc2acfb357a096a7fe138a6759a"},
    {"gram5-present-participle.txt", "eval/question-data/gram5-present-participle.txt", 32064,
     "a4cc19a16a7b47899bba149210f3018669379df30aa3c6ab877ad167193481fc"},
    {"gram6-nationality-adjective.txt", "eval/question-data/gram6-nationality-adjective.txt", 52182,
     "5d327bd1bfdd64f4b408cd33a4b4b898b8ea6830113289cc79fcca2967270c47"},
    {"gram7-past-tense.txt", "eval/question-data/gram7-past-tense.txt", 47658,
     "f956efe4525de66c27a65c715002bc945b15359ae4d4d3c2770ef16bc3de2126"},
    {"gram8-plural.txt", "eval/question-data/gram8-plural.txt", 34416,
     "50527c8515f385a32e127bc49a82c1665030db6bb6bf7c5a72b04c3719a78b4c"},
    {"gram9-plural-verbs.txt", "eval/question-data/gram9-plural-verbs.txt", 24186,
     "94c326b836d3eff285f9ae286a6304fd117215d2957e6684921d639f76c57ffd"},
};
constexpr auto kWordAnalogy = in("stanfordnlp/GloVe", "52f7dbc512be3f72e9c11e7cbb19dfdfa4651e9c", kWordAnalogyRows);

constexpr Row kWordSimilarityRows[] = {
    {"EN-MC-30.txt", "data/word-sim/EN-MC-30.txt", 543,
     "33ee05911496ff83d95cac351d0746c6f63b9181b605cb7d307f4daa8864511b"},
    {"EN-MEN-TR-3k.txt", "data/word-sim/EN-MEN-TR-3k.txt", 53593,
     "888b13580faa362c7b11da0a670258cf1b1eb4bf0ecbcd418918729a3bd3f43a"},
    {"EN-MTurk-287.txt", "data/word-sim/EN-MTurk-287.txt", 7218,
     "a9ae3a9decb75a9700fe0cf18b048c1344774d9f40e0196baf8e34d4cd9d1ce5"},
    {"EN-MTurk-771.txt", "data/word-sim/EN-MTurk-771.txt", 19628,
     "04dc297c9e86b6fa7cf8ef0e4ba2e2c8d3399ec68d92fb7a53c0b4aae27198b5"},
    {"EN-RG-65.txt", "data/word-sim/EN-RG-65.txt", 1210,
     "c243f3a91c3f5d8cf67f21a67f6fb80bde8b6bb060851a6a48e6f2d68ec98c9f"},
    {"EN-RW-STANFORD.txt", "data/word-sim/EN-RW-STANFORD.txt", 49851,
     "5108d54dfc746f44f9c3d7e31d2857c37cf71430bc1594175a61a3b89bb0ae1f"},
    {"EN-SIMLEX-999.txt", "data/word-sim/EN-SIMLEX-999.txt", 18024,
     "405394ffb7d25f6d0e3c041f87c9f27d29dc6b047506769953e85c4523b11685"},
    {"EN-SimVerb-3500.txt", "data/word-sim/EN-SimVerb-3500.txt", 65315,
     "9d84274e7ad029fd3cf69dd0516e9ade624bbef9bd4e2050f6cc1fa01471e0f5"},
    {"EN-VERB-143.txt", "data/word-sim/EN-VERB-143.txt", 3320,
     "7259e19961c81912aa4c72de0102e480b2ad2bb9f4ce97d036fbde8e1a403001"},
    {"EN-WS-353-ALL.txt", "data/word-sim/EN-WS-353-ALL.txt", 7405,
     "ce12919b240af45bdf46d243601eaca2b6212b159b5e7e9b435ee7ee40c5619c"},
    {"EN-WS-353-REL.txt", "data/word-sim/EN-WS-353-REL.txt", 5134,
     "66a7c88100624d0a391605ff61ce84e11d11ee620d51ec0298da49592838f8fa"},
    {"EN-WS-353-SIM.txt", "data/word-sim/EN-WS-353-SIM.txt", 4002,
     "f1da938998863c94e53f72f984a5c6e215f0b46c323aae8f0f4930703a339107"},
    {"EN-YP-130.txt", "data/word-sim/EN-YP-130.txt", 2614,
     "7643fdbc6158c3424061e2cba450c71285767266ff9f3db947bfc1f1f5ce67ab"},
    {"LICENSE", "LICENSE", 1071, "d966f71dc26b1a28af0c2176721a503ad4abf6267638c64d3bed2be6034840d1"},
};
constexpr auto kWordSimilarity =
    in("mfaruqui/eval-word-vectors", "94b3dd9fdbac7ed08dbee7179cd5ee464acf0594", kWordSimilarityRows);

}  // namespace quiver::internal
