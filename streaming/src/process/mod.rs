//! The one module that starts programs.
//!
//! Invariants: each child has one owner, its [`Child`]; it runs in a process group of its own, so that its end takes
//! everything it started along; and its end is awaited. `Drop` is only the last defence. When the server itself dies,
//! by whatever means, the kernel kills every child: they are told to die with the *thread* that started them, and
//! that is one permanent thread, see [`Spawner`].
//!
//! A child is ended by closing the read end of its output and KILLing its group. TERM is no use: ffmpeg that is
//! blocked on a full pipe does not look at it.

mod child;
mod command;
mod environment;
mod output;
mod spawner;
mod tail;

pub use child::{Child, Exit};
pub use command::{Command, Stdout};
pub use output::{Output, OutputError, output};
pub use spawner::{SpawnError, Spawner};
/// The read end of a child's output.
pub use tokio::process::ChildStdout;
