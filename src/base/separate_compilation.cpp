// The one place where Asio's sources are compiled.
#include <boost/asio/impl/src.hpp>
