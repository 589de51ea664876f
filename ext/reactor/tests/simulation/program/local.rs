//! Unix-domain sockets: servers at paths, and connections to them.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use super::{Program, Server};
use crate::kernel::{self, inode, make_socket_file};

/// Where there are servers.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// A directory of this thread's, gone with it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let thread = std::thread::current().id();
        let name = format!("em-simulation-{}-{thread:?}.d", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static DIRECTORY: RefCell<Directory> = RefCell::new(Directory::new());
}

fn path_of(name: &str) -> PathBuf {
    DIRECTORY.with_borrow(|directory| directory.0.join(name))
}

/// What a server is bound to.
#[derive(Debug)]
pub(super) struct Bound {
    name: &'static str,
    inode: u64,
    /// Whether somebody else has removed its file, or taken its place.
    displaced: bool,
}

impl Program {
    pub(super) fn act_by_local(&mut self) {
        let name = self.random.pick(&NAMES).expect("a name");
        match self.random.below(10) {
            0 | 1 => self.listen_local(name),
            2..=5 => self.connect_local(name),
            6..=8 => self.attach_local(),
            _ => self.take_place(name),
        }
    }

    fn listen_local(&mut self, name: &'static str) {
        if self.servers.len() >= 4 {
            return;
        }
        let path = path_of(name);
        let (is_foreign, before) = (path.is_file(), inode(&path));
        let result = self.reactor.listen_unix(&path);
        self.trace(|| format!("listens at {name}: {result:?}"));
        let Ok(id) = result else {
            let may_lack = kernel::with(|kernel| kernel.may_have_lacked);
            assert!(is_foreign || may_lack, "no server at {name}: {result:?}");
            if inode(&path) != before {
                assert_eq!(inode(&path), None, "a file that no server has");
                self.displace(name);
            }
            return;
        };
        assert!(!is_foreign, "a server in the place of a file");
        assert!(self.names.insert(id), "{id:?} is used again");
        self.displace(name);
        let bound = Bound {
            name,
            inode: inode(&path).expect("a file"),
            displaced: false,
        };
        let server = Server {
            fd: self.reactor.file_descriptor(id).expect("a number"),
            port: kernel::with(|kernel| kernel.listener_at(&path)).expect("a listener"),
            secure: false,
            bound: Some(bound),
            stopped: false,
            paused: false,
            limit: None,
            taken: (0, 0),
        };
        self.servers.insert(id, server);
    }

    /// The file of whoever listens there is not at its place any more.
    fn displace(&mut self, name: &str) {
        let bound = self.servers.values_mut().filter_map(|s| s.bound.as_mut());
        for bound in bound.filter(|bound| bound.name == name) {
            bound.displaced = true;
        }
    }

    /// Somebody removes what is at a path, and leaves something else there, or nothing.
    fn take_place(&mut self, name: &'static str) {
        self.trace(|| format!("{name} is somebody else's"));
        self.displace(name);
        let path = path_of(name);
        let _ = fs::remove_file(&path);
        match self.random.below(3) {
            0 => assert!(make_socket_file(&path), "a file"),
            1 => fs::write(&path, "precious").expect("a file"),
            _ => {}
        }
    }

    /// The files of servers that are there, unless somebody has removed them.
    pub(super) fn check_places(&self) {
        for (id, server) in &self.servers {
            if let Some(bound) = server.bound.as_ref().filter(|bound| !bound.displaced) {
                let found = inode(&path_of(bound.name));
                assert_eq!(found, Some(bound.inode), "the file of {id:?}");
            }
        }
    }

    /// A server is gone, and its file with it; what has taken its place is not.
    pub(super) fn check_file_gone(&self, server: &Server) {
        if let Some(bound) = &server.bound {
            let found = inode(&path_of(bound.name));
            assert!(
                bound.displaced || found.is_none(),
                "the file of a server that is gone"
            );
            self.check_places();
        }
    }

    fn connect_local(&mut self, name: &'static str) {
        let path = path_of(name);
        let listens = kernel::with(|kernel| kernel.listener_at(&path)).is_some();
        let result = self.reactor.connect_unix(&path);
        self.trace(|| format!("connect to {name}: {result:?}"));
        match result {
            Ok(id) => {
                assert!(listens, "{id:?} connects to nobody");
                let index = self.add_conn(id);
                self.conns[index].by_path = true;
            }
            Err(error) => {
                let may_lack = kernel::with(|kernel| kernel.may_have_lacked);
                assert!(!listens || may_lack, "no connect to {name}: {error}");
            }
        }
    }

    fn attach_local(&mut self) {
        if let Ok(fd) = kernel::with(|kernel| kernel.local_pair()) {
            self.attach_pair(fd);
        }
    }
}

/// Removes what is left at the paths.
pub(super) fn clear() {
    for name in NAMES {
        let _ = fs::remove_file(path_of(name));
    }
}
