//! What to start.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
};

/// A program and its arguments. There is no shell, no standard input but another program's output, and no environment
/// but a small fixed one.
#[derive(Clone)]
pub struct Command {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub stdout: Stdout,
    /// What the child is called in logs and errors: `mpv`, `ffprobe`, …
    pub label: &'static str,
    /// Whose output this one reads. It shares this one's process group, owner and end; it has no feeder of its own.
    pub feeder: Option<Box<Self>>,
}

/// Where a child's standard output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// To [`super::Child::take_stdout`]. Whoever does not read it stops the child when the pipe is full.
    Piped,
    Null,
}

impl Command {
    /// A command without arguments whose output is piped.
    #[must_use]
    pub fn new(label: &'static str, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), args: Vec::new(), stdout: Stdout::Piped, label, feeder: None }
    }

    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// The same, reading what `feeder` writes.
    #[must_use]
    pub fn fed_by(mut self, feeder: Self) -> Self {
        self.feeder = Some(Box::new(feeder));
        self
    }

    #[must_use]
    pub const fn stdout(mut self, stdout: Stdout) -> Self {
        self.stdout = stdout;
        self
    }
}

/// Without the arguments, since they hold the gateway's addresses, which are secret.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("label", &self.label)
            .field("program", &self.program)
            .field("args", &self.args.len())
            .field("stdout", &self.stdout)
            .field("feeder", &self.feeder)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_keeps_the_arguments_to_itself() {
        let command = Command::new("mpv", "/usr/bin/mpv").args(["http://127.0.0.1:1/secret"]);
        assert!(!format!("{command:?}").contains("secret"));
    }
}
