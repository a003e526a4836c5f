#!/bin/bash
# Sourced: the name of the database of one broker role. Cases that run side by side live in network namespaces of their own,
# whose number keeps their databases apart.
database_of() {
  local namespace
  namespace=$(readlink /proc/self/ns/net)
  printf 'case_%s_%s' "${namespace//[^0-9]/}" "${1//[^a-zA-Z0-9_]/_}"
}
