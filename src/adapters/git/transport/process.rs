//! git's server side as a process of this machine: `git receive-pack` runs the hooks of a remote on disk.

use std::{
    env,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    adapters::git::{
        wire::{Service, pkt::Exchange},
        words::Words,
    },
    ports::RepositoryError,
};

/// The most that is kept of what it prints beside its answer, in bytes.
const MAX_WORDS: usize = 16 << 10;
/// How long its last words are waited for: what a hook leaves running may hold them open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What git and its hooks see of our environment: nothing that could hold a secret, or lead git to another repository.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "TZ",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_EXEC_PATH",
    // Where the rest of Windows expects its parts.
    "SYSTEMROOT",
    "USERPROFILE",
];

/// Looks for the git program where a shell would.
#[must_use]
pub fn find_program() -> Option<PathBuf> {
    let name = format!("git{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        file.is_file() && access(file, Access::EXEC_OK).is_ok()
    }
    #[cfg(not(unix))]
    {
        file.is_file()
    }
}

/// The running program. It isn't killed with the value: a push that it has in hand is finished, even when the bot dies.
pub(in crate::adapters::git) struct GitProcess {
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    words: Arc<Mutex<Words>>,
    listener: Option<JoinHandle<()>>,
    over: bool,
    _child: Child,
}

impl GitProcess {
    /// Starts it for a repository.
    pub(in crate::adapters::git) fn start(program: &Path, service: Service, repository: &Path) -> io::Result<Self> {
        Self::start_as(program, service, repository, 0)
    }

    /// Starts it with a version of the protocol.
    pub(in crate::adapters::git) fn start_as(
        program: &Path,
        service: Service,
        repository: &Path,
        version: u8,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(service.name().trim_start_matches("git-")).arg(std::path::absolute(repository)?);
        command.env_clear().envs(PASSED_ON.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        // What it says is looked at: no translations.
        command.env("LC_ALL", OsStr::new("C.UTF-8"));
        command.env("GIT_PROTOCOL", format!("version={version}"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C at the terminal is for the bot, which finishes the push.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let gone = || io::Error::other("no pipe to the program");
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let words = Arc::<Mutex<Words>>::default();
        let listener = tokio::spawn(listen(stderr.ok_or_else(gone)?, Arc::clone(&words)));
        Ok(Self {
            stdin: Some(stdin.ok_or_else(gone)?),
            stdout: stdout.ok_or_else(gone)?,
            words,
            listener: Some(listener),
            over: false,
            _child: child,
        })
    }
}

async fn listen(mut stderr: ChildStderr, words: Arc<Mutex<Words>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        words.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..length], MAX_WORDS);
    }
}

impl Exchange for GitProcess {
    async fn send(&mut self, message: Bytes) -> Result<(), RepositoryError> {
        let sent = match &mut self.stdin {
            Some(stdin) => match stdin.write_all(&message).await {
                Ok(()) => stdin.flush().await,
                Err(error) => Err(error),
            },
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        match sent {
            // It may have given up on the request before its end, and says why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            sent => sent.map_err(|error| RepositoryError::Unclear(error.to_string())),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, RepositoryError> {
        let mut buffer = BytesMut::with_capacity(8 << 10);
        let read = self.stdout.read_buf(&mut buffer).await;
        match read.map_err(|error| RepositoryError::Unreachable(error.to_string()))? {
            0 => {
                if let Some(listener) = self.listener.take() {
                    timeout(LAST_WORDS, listener).await.ok();
                }
                self.over = true;
                Ok(None)
            }
            _ => Ok(Some(buffer.freeze())),
        }
    }

    fn words(&self) -> String {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    fn is_over(&self) -> bool {
        self.over
    }

    async fn answered(&mut self) {}

    async fn end(&mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            stdin.write_all(b"0000").await.ok();
        }
    }
}
