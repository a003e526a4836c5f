#include "net/static_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "base/ids.h"

namespace machi::net {
namespace {

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    write("index.html", std::string(2000, 'a'));
    write("assets/app-1234.js", "x");
    write("help/index.html", "help");
    write("icon.png", std::string(2000, 'p'));
    write(".built", "hidden");
  }
  ~StaticFilesTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] std::shared_ptr<const StaticFiles> load() const {
    auto files = StaticFiles::load(folder_);
    EXPECT_TRUE(files) << files.error().message;
    return files.value_or(nullptr);
  }
  static Request accepting(std::string encodings) {
    Request request;
    request.headers.add("Accept-Encoding", std::move(encodings));
    return request;
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("machi-static-" + random_uuid());
};

TEST_F(StaticFilesTest, EachFileIsARouteAndIndexAnswersAtItsFolder) {
  const auto files = load();
  const auto routes = files->routes(Operation("readPage"), Permission("pages.read"));
  std::set<std::string, std::less<>> paths;
  for (const Route& route : routes) paths.emplace(route.path);
  const std::set<std::string, std::less<>> expected = {"/",         "/assets/app-1234.js", "/help", "/help/index.html",
                                                       "/icon.png", "/index.html"};
  EXPECT_EQ(paths, expected);
}

TEST_F(StaticFilesTest, PlainBodyForWhoAcceptsNoEncoding) {
  const Response response = load()->answer("/", Request{});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, std::string(2000, 'a'));
  EXPECT_EQ(response.headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_FALSE(response.headers.has("Content-Encoding"));
}

TEST_F(StaticFilesTest, BrotliBeforeGzipAndNeitherWithWeightZero) {
  const auto files = load();
  EXPECT_EQ(files->answer("/", accepting("gzip, deflate, br")).headers.get("Content-Encoding"), "br");
  EXPECT_EQ(files->answer("/", accepting("br;q=0, gzip;q=0.5")).headers.get("Content-Encoding"), "gzip");
  EXPECT_FALSE(files->answer("/", accepting("br;q=0.0, gzip;q=0")).headers.has("Content-Encoding"));
}

TEST_F(StaticFilesTest, WhatIsSmallOrCompressedAlreadyStaysAsItIs) {
  const auto files = load();
  EXPECT_FALSE(files->answer("/assets/app-1234.js", accepting("gzip, br")).headers.has("Content-Encoding"));
  EXPECT_FALSE(files->answer("/icon.png", accepting("gzip, br")).headers.has("Content-Encoding"));
}

TEST_F(StaticFilesTest, SameTagAnswersNotModifiedAndDiffersByEncoding) {
  const auto files = load();
  const std::string tag(files->answer("/", accepting("br")).headers.get("ETag"));
  Request again = accepting("br");
  again.headers.add("If-None-Match", "\"other\", W/" + tag);
  const Response response = files->answer("/", again);
  EXPECT_EQ(response.status, 304);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(response.headers.get("ETag"), tag);
  EXPECT_NE(files->answer("/", Request{}).headers.get("ETag"), tag);
}

TEST_F(StaticFilesTest, TheDateCountsOnlyWhereThereIsNoTag) {
  const auto files = load();
  Request again;
  again.headers.add("If-Modified-Since", std::string(files->answer("/", Request{}).headers.get("Last-Modified")));
  EXPECT_EQ(files->answer("/", again).status, 304);
  again.headers.add("If-None-Match", "\"other\"");
  EXPECT_EQ(files->answer("/", again).status, 200);
}

TEST_F(StaticFilesTest, LinksLeadNowhere) {
  std::filesystem::create_symlink("/etc/passwd", folder_ / "passwd.txt");
  EXPECT_EQ(load()->answer("/passwd.txt", Request{}).status, 404);
}

TEST_F(StaticFilesTest, AsksForTlsOnlyOverTls) {
  const auto files = load();
  Request secure;
  secure.secure = true;
  EXPECT_TRUE(files->answer("/", secure).headers.has("Strict-Transport-Security"));
  EXPECT_FALSE(files->answer("/", Request{}).headers.has("Strict-Transport-Security"));
}

TEST_F(StaticFilesTest, OnlyNamesWithAHashAreKeptForever) {
  const auto files = load();
  EXPECT_EQ(files->answer("/", Request{}).headers.get("Cache-Control"), "no-cache");
  EXPECT_EQ(files->answer("/assets/app-1234.js", Request{}).headers.get("Cache-Control"),
            "public, max-age=31536000, immutable");
}

TEST_F(StaticFilesTest, PolicyForbidsInlineCode) {
  const Response response = load()->answer("/", Request{});
  const std::string policy(response.headers.get("Content-Security-Policy"));
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
}

TEST_F(StaticFilesTest, PathsOutsideTheFolderAreUnknown) {
  EXPECT_EQ(load()->answer("/../etc/passwd", Request{}).status, 404);
  EXPECT_EQ(load()->answer("/.built", Request{}).status, 404);
}

TEST_F(StaticFilesTest, AFolderWithoutIndexIsRefused) {
  std::filesystem::remove(folder_ / "index.html");
  const auto files = StaticFiles::load(folder_);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace machi::net
