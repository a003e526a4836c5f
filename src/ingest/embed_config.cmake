# Puts the files of config/ that the program needs at run time into the binary, so that a copied binary works alone.
# Included: adds the generated source to machi_ingest. As a script (cmake -P): writes that source.
if(CMAKE_SCRIPT_MODE_FILE)
  set(entries "")
  set(arrays "")
  set(index 0)
  foreach(file IN LISTS FILES)
    file(READ "${ROOT}/${file}" hex HEX)
    file(SIZE "${ROOT}/${file}" size)
    # Lines of 60 bytes: compilers cope, and so do people.
    string(REGEX REPLACE "(........................................................................................................................)" "\\1\"\n\"" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" hex "${hex}")
    string(APPEND arrays "constexpr char kFile${index}[] =\n\"${hex}\";\n")
    string(APPEND entries "    {\"${file}\", {kFile${index}, ${size}}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(WRITE "${OUT}" "// Generated from config/ by src/ingest/embed_config.cmake.
#include \"ingest/embedded_config.h\"

namespace machi::ingest {
namespace {
#pragma clang diagnostic ignored \"-Woverlength-strings\"
${arrays}
constexpr EmbeddedFile kFiles[] = {
${entries}};
}  // namespace

std::span<const EmbeddedFile> embedded_files() {
  return kFiles;
}

}  // namespace machi::ingest
")
  return()
endif()

file(GLOB_RECURSE config_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/config
  ${CMAKE_SOURCE_DIR}/config/datasets/*.json ${CMAKE_SOURCE_DIR}/config/codes/*.json ${CMAKE_SOURCE_DIR}/config/demo/*.csv
  ${CMAKE_SOURCE_DIR}/config/demo/*.json)
list(TRANSFORM config_files PREPEND ${CMAKE_SOURCE_DIR}/config/ OUTPUT_VARIABLE config_paths)
set(embedded_source ${CMAKE_CURRENT_BINARY_DIR}/embedded_config.cpp)
add_custom_command(
  OUTPUT ${embedded_source}
  COMMAND ${CMAKE_COMMAND} -DOUT=${embedded_source} -DROOT=${CMAKE_SOURCE_DIR}/config "-DFILES=${config_files}" -P
          ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${config_paths} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Embedding config/"
  VERBATIM)
target_sources(machi_ingest PRIVATE ${embedded_source})
