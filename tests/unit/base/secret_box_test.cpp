#include "base/secret_box.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "base/ids.h"

namespace machi {
namespace {

constexpr std::string_view kPurpose = "test.password";

SecretBox box() {
  return SecretBox(random_bytes(SecretBox::kKeyBytes));
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "machi-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(SecretBox, WhatWasSealedComesBack) {
  const SecretBox b = box();
  for (const std::size_t length : {0U, 1U, 2U, 3U, 15U, 16U, 17U, 4096U}) {
    const std::string plain = random_bytes(length);
    const auto back = b.unseal(b.seal(plain, kPurpose), kPurpose);
    ASSERT_TRUE(back) << length;
    EXPECT_EQ(*back, plain);
  }
}

// NIST's GCM test vectors, gcmEncryptExtIV256: Keylen 256, IVlen 96, PTlen 128, AADlen 128, Count 0, laid out as we do.
TEST(SecretBox, IsAesGcm) {
  const auto from_hex = [](std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      out += static_cast<char>(std::strtol(std::string(hex.substr(i, 2)).c_str(), nullptr, 16));
    return out;
  };
  const SecretBox b(from_hex("92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b"));
  const std::string purpose = from_hex("1e0889016f67601c8ebea4943bc23ad6");
  // base64 of IV ac93a1a6145299bde902f21a, ciphertext 8995ae2e6df3dbf96fac7b7137bae67f, tag
  // eca5aa77d51d4a0a14d9c51e1da474ab
  const auto plain = b.unseal("rJOhphRSmb3pAvIaiZWuLm3z2/lvrHtxN7rmf+ylqnfVHUoKFNnFHh2kdKs=", purpose);
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, from_hex("2d71bcfa914e4ac045b2aa60955fad24"));
}

TEST(SecretBox, EqualSecretsDoNotLookEqual) {
  const SecretBox b = box();
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(b.seal("secret", kPurpose));
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_FALSE(seen.begin()->contains("secret"));
}

TEST(SecretBox, OpensNothingThatWasAlteredOrMeantForAnother) {
  const SecretBox b = box();
  const std::string sealed = b.seal("secret", kPurpose);
  EXPECT_FALSE(box().unseal(sealed, kPurpose));
  EXPECT_FALSE(b.unseal(sealed, "another"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    const auto opened = b.unseal(altered, kPurpose);
    // Of a last group that is padded, bits that stand for nothing may differ.
    if (opened) EXPECT_EQ(*opened, "secret");
    EXPECT_TRUE(!opened || i + 4 >= sealed.size()) << i;
  }
  for (const std::string_view text : {"", "secret", "AAAA", "====", "ä=.("}) EXPECT_FALSE(b.unseal(text, kPurpose));
}

TEST(SecretBox, TheFirstStartMakesAKeyThatOnlyTheOwnerReads) {
  const Folder folder;
  const auto file = folder.path / "new" / "secret.key";
  const auto first = SecretBox::open(file);
  ASSERT_TRUE(first) << first.error().message;
  struct stat about{};
  ASSERT_EQ(stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  const auto second = SecretBox::open(file);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->unseal(first->seal("secret", kPurpose), kPurpose).value_or("?"), "secret");
  // Nothing else is left behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file.parent_path()), {}), 1);
}

TEST(SecretBox, AFileWithoutAKeyIsAnErrorAndStaysAsItIs) {
  const Folder folder;
  const auto file = folder.path / "secret.key";
  for (const std::string_view text : {"", "short\n", "c2hvcnQ=\n"}) {
    std::ofstream(file) << text;
    const auto opened = SecretBox::open(file);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().field, "secrets.key_file");
    std::ifstream in(file);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
  }
}

}  // namespace
}  // namespace machi
