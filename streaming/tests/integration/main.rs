//! Against real sockets, files and programs, all of them on this machine.

mod gateway;
mod support;
