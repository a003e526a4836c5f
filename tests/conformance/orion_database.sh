#!/bin/bash
# Sourced. Cases that run side by side live in network namespaces of their own; each of these takes one of the clusters that ngsiv2.sh started.
# Sets $cluster, the folder of its socket, and gives the name of the database of one broker role.
namespace=$(readlink /proc/self/ns/net)
namespace=${namespace//[^0-9]/}
for cluster in "$MACHI_CONFORMANCE_CLUSTERS"/*[0-9]; do
  # A link is made or not: two namespaces never take the same one.
  ln -s "$namespace" "$cluster.taken" 2>/dev/null || true
  [ "$(readlink "$cluster.taken")" != "$namespace" ] || break
done
database_of() {
  printf 'case_%s' "${1//[^a-zA-Z0-9_]/_}"
}
