// The one place where the sources of Beast and of Asio's TLS are compiled.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
