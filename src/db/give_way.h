#pragma once
#include <sys/types.h>

#include <memory>

#include "base/task.h"
#include "db/pipeline.h"

namespace machi::db {

/// Lets the server process of a connection, which runs on this machine, leave the processor to others as soon as they
/// want it. Allowed to root and to the owner of the process; where it is not, or where the system has no such thing,
/// the process is served like the others. On the loop of the connection; may go on for a moment, at most while the
/// connection lives.
void give_way(Loop& loop, std::weak_ptr<const Pipeline> connection, pid_t server_process);

}  // namespace machi::db
