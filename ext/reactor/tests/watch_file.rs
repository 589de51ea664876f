//! Files that are watched.

#![cfg(any(target_os = "linux", target_os = "android"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod common;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::Loop;
use em_reactor::{Error, Event, FileChange, Id, Reactor};

use FileChange::{Attributes, Created, Deleted, Modified, Moved};

/// What a watch told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Change(Id, FileChange),
    End(Id),
}

/// A directory of a test's own.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("em-watch-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn told(event: &Event) -> Option<Told> {
    match *event {
        Event::FileChanged { id, change } => Some(Told::Change(id, change)),
        Event::Unbound { id, .. } => Some(Told::End(id)),
        _ => None,
    }
}

/// What is told until `last` is.
fn tell_until(looped: &mut Loop, last: Told) -> Vec<Told> {
    let mut all = Vec::new();
    looped.run_until(|_, seen| {
        all.extend(told(&seen.event));
        all.last() == Some(&last)
    });
    all
}

/// Whatever is told until nothing has been for a while, longer than a file may be missing.
fn tell_rest(looped: &mut Loop) -> Vec<Told> {
    let mut all = Vec::new();
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_millis(200) {
        let before = all.len();
        looped.turn(Duration::from_millis(20), |_, seen| {
            all.extend(told(&seen.event));
        });
        if all.len() > before {
            last = Instant::now();
        }
    }
    all
}

#[test]
fn writes_are_modifications() {
    let directory = Directory::new("writes");
    let path = directory.file("f", "");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    assert_eq!(tell_rest(&mut looped), []);
    for _ in 0..3 {
        fs::write(&path, "x").unwrap();
        assert_eq!(
            tell_until(&mut looped, Told::Change(id, Modified)),
            [Told::Change(id, Modified)]
        );
        // Emptying and writing may be told apart.
        tell_rest(&mut looped);
    }
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    fs::read(&path).unwrap();
    assert_eq!(tell_rest(&mut looped), [Told::Change(id, Attributes)]);
}

#[test]
fn a_file_that_is_not_there_yet_is_awaited() {
    let directory = Directory::new("awaited");
    let path = directory.0.join("f");
    let mut looped = Loop::new();
    assert!(looped.reactor.watch_file(&path).is_err());
    let id = looped.reactor.await_file(&path).unwrap();
    directory.file("other", "");
    assert_eq!(tell_rest(&mut looped), []);
    fs::write(&path, "").unwrap();
    assert_eq!(tell_rest(&mut looped), [Told::Change(id, Created)]);
    directory.file("third", "");
    assert_eq!(tell_rest(&mut looped), []);
    fs::write(&path, "x").unwrap();
    assert_eq!(tell_rest(&mut looped), [Told::Change(id, Modified)]);
    fs::remove_file(&path).unwrap();
    let end = [Told::Change(id, Deleted), Told::End(id)];
    assert_eq!(tell_until(&mut looped, Told::End(id)), end);
}

#[test]
fn an_awaited_file_may_be_moved_in_or_come_with_another_directory() {
    let directory = Directory::new("awaited-elsewhere");
    let (inner, path) = (directory.0.join("d"), directory.0.join("d/f"));
    fs::create_dir(&inner).unwrap();
    let other = directory.file("other", "");
    let mut looped = Loop::new();
    let first = looped.reactor.await_file(&path).unwrap();
    fs::rename(&other, &path).unwrap();
    let created = |id| Told::Change(id, Created);
    assert_eq!(tell_until(&mut looped, created(first)), [created(first)]);
    fs::remove_file(&path).unwrap();
    tell_until(&mut looped, Told::End(first));

    let second = looped.reactor.await_file(&path).unwrap();
    fs::rename(&inner, directory.0.join("moved")).unwrap();
    fs::create_dir(&inner).unwrap();
    fs::write(&path, "").unwrap();
    assert_eq!(tell_until(&mut looped, created(second)), [created(second)]);
}

#[test]
fn an_awaited_file_whose_directory_goes_ends_its_watch() {
    let directory = Directory::new("awaited-in-vain");
    let mut looped = Loop::new();
    let missing = directory.0.join("no/f");
    assert!(looped.reactor.await_file(&missing).is_err());
    let id = looped.reactor.await_file(&directory.0.join("f")).unwrap();
    fs::remove_dir(&directory.0).unwrap();
    let end = [Told::Change(id, Deleted), Told::End(id)];
    assert_eq!(tell_until(&mut looped, Told::End(id)), end);
    assert!(looped.reactor.is_empty());
}

#[test]
fn an_awaited_file_that_is_there_is_watched() {
    let directory = Directory::new("awaited-there");
    let path = directory.file("f", "");
    let mut looped = Loop::new();
    let id = looped.reactor.await_file(&path).unwrap();
    fs::write(&path, "x").unwrap();
    let modified = Told::Change(id, Modified);
    assert_eq!(tell_until(&mut looped, modified), [modified]);
}

#[test]
fn a_watched_file_is_no_descriptor() {
    let directory = Directory::new("count");
    let path = directory.file("f", "");
    let mut looped = Loop::new();
    assert!(looped.reactor.is_empty());
    let id = looped.reactor.watch_file(&path).unwrap();
    assert_eq!(looped.reactor.count(), 0);
    assert!(!looped.reactor.is_empty());
    assert!(matches!(
        looped.reactor.send(id, b"x"),
        Err(Error::UnknownId(_))
    ));
    looped.reactor.close(id, false);
    fs::write(&path, "x").unwrap();
    tell_until(&mut looped, Told::Change(id, Modified));
}

#[test]
fn a_deleted_file_is_told_once_and_ends_its_watch() {
    let directory = Directory::new("deleted");
    let path = directory.file("f", "");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(
        tell_until(&mut looped, Told::End(id)),
        [Told::Change(id, Deleted), Told::End(id)]
    );
    assert!(looped.reactor.is_empty());
    assert!(matches!(
        looped.reactor.unwatch_file(id),
        Err(Error::UnknownId(_))
    ));
}

#[test]
fn a_deleted_file_that_is_held_open_is_told_too() {
    let directory = Directory::new("held");
    let path = directory.file("f", "");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    let held = fs::File::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    tell_until(&mut looped, Told::End(id));
    drop(held);
    assert_eq!(tell_rest(&mut looped), []);
}

#[test]
fn a_moved_file_is_watched_on() {
    let directory = Directory::new("moved");
    let path = directory.file("f", "");
    let other = directory.0.join("g");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    fs::rename(&path, &other).unwrap();
    fs::write(&other, "x").unwrap();
    assert_eq!(
        tell_until(&mut looped, Told::Change(id, Modified)),
        [Told::Change(id, Moved), Told::Change(id, Modified)]
    );
    let permissions = fs::metadata(&other).unwrap().permissions();
    fs::set_permissions(&other, permissions).unwrap();
    assert_eq!(tell_rest(&mut looped), []);
    fs::remove_file(&other).unwrap();
    assert_eq!(
        tell_until(&mut looped, Told::End(id)),
        [Told::Change(id, Deleted), Told::End(id)]
    );
}

#[test]
fn a_file_that_was_moved_and_moved_back_is_watched_by_its_name_again() {
    let directory = Directory::new("back");
    let path = directory.file("f", "");
    let other = directory.0.join("g");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    fs::rename(&path, &other).unwrap();
    assert_eq!(tell_rest(&mut looped), [Told::Change(id, Moved)]);
    fs::rename(&other, &path).unwrap();
    assert_eq!(tell_rest(&mut looped), [Told::Change(id, Moved)]);
    let new = directory.file("new", "x");
    fs::rename(&new, &path).unwrap();
    assert_eq!(tell_rest(&mut looped), [Told::Change(id, Modified)]);
}

/// Ways in which editors save.
fn assert_saved(name: &str, save: impl Fn(&Directory, &PathBuf)) {
    assert_replaced(name, &[Modified], save);
}

/// What is told first of a file that another takes the place of, which is watched from then on.
fn assert_replaced(name: &str, changes: &[FileChange], save: impl Fn(&Directory, &PathBuf)) {
    let directory = Directory::new(name);
    let path = directory.file("f", "old");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    for _ in 0..2 {
        save(&directory, &path);
        let mut all = tell_rest(&mut looped);
        all.dedup();
        let expected = changes.iter().map(|change| Told::Change(id, *change));
        assert_eq!(all, expected.collect::<Vec<_>>());
    }
    fs::write(&path, "in place").unwrap();
    tell_until(&mut looped, Told::Change(id, Modified));
    fs::remove_file(&path).unwrap();
    assert_eq!(
        tell_until(&mut looped, Told::End(id))[..],
        [Told::Change(id, Deleted), Told::End(id)]
    );
}

#[test]
fn a_file_renamed_over_the_watched_one_is_a_modification() {
    assert_saved("rename", |directory, path| {
        let new = directory.file("f.new", "new");
        fs::rename(new, path).unwrap();
    });
}

#[test]
fn a_file_renamed_over_one_that_is_held_open_is_a_modification() {
    let held = std::cell::RefCell::new(Vec::new());
    assert_saved("rename-held", |directory, path| {
        held.borrow_mut().push(fs::File::open(path).unwrap());
        let new = directory.file("f.new", "new");
        fs::rename(new, path).unwrap();
    });
}

#[test]
fn a_file_deleted_and_made_anew_is_a_modification() {
    assert_saved("anew", |directory, path| {
        fs::remove_file(path).unwrap();
        directory.file("f", "new");
    });
}

#[test]
fn a_file_made_anew_after_a_backup_has_moved_and_is_a_modification() {
    assert_replaced("backup", &[Moved, Modified], |directory, path| {
        let backup = directory.0.join("f~");
        fs::rename(path, &backup).unwrap();
        directory.file("f", "new");
        fs::remove_file(&backup).unwrap();
    });
}

#[test]
fn a_rotated_log_has_moved_and_the_new_one_is_watched() {
    assert_replaced("rotated", &[Moved, Modified], |directory, path| {
        fs::rename(path, directory.0.join("f.1")).unwrap();
        directory.file("f", "");
    });
}

#[test]
fn a_file_made_anew_a_moment_later_is_a_modification() {
    let directory = Directory::new("moment");
    let path = directory.file("f", "old");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let mut all = Vec::new();
    looped.turn(Duration::from_millis(1), |_, seen| {
        all.extend(told(&seen.event))
    });
    looped.turn(Duration::from_millis(1), |_, seen| {
        all.extend(told(&seen.event))
    });
    directory.file("f", "new");
    all.extend(tell_rest(&mut looped));
    assert_eq!(all, [Told::Change(id, Modified)]);
}

#[test]
fn one_file_may_be_watched_more_than_once() {
    let directory = Directory::new("twice");
    let path = directory.file("f", "");
    let link = directory.0.join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut looped = Loop::new();
    let ids = [&path, &path, &link].map(|path| looped.reactor.watch_file(path).unwrap());
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    fs::write(&path, "x").unwrap();
    let all = tell_rest(&mut looped);
    for id in ids {
        assert!(all.contains(&Told::Change(id, Modified)));
    }
    looped.reactor.unwatch_file(ids[0]).unwrap();
    fs::write(&path, "y").unwrap();
    let all = tell_rest(&mut looped);
    assert!(!all.contains(&Told::Change(ids[0], Modified)));
    assert!(all.contains(&Told::Change(ids[1], Modified)));
    looped.reactor.unwatch_file(ids[1]).unwrap();
    looped.reactor.unwatch_file(ids[2]).unwrap();
    fs::write(&path, "z").unwrap();
    assert_eq!(tell_rest(&mut looped), []);
    let again = looped.reactor.watch_file(&path).unwrap();
    fs::write(&path, "z").unwrap();
    tell_until(&mut looped, Told::Change(again, Modified));
}

#[test]
fn what_is_in_a_directory_modifies_it() {
    let directory = Directory::new("directory");
    let path = directory.0.join("d");
    fs::create_dir(&path).unwrap();
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    let modified = Told::Change(id, Modified);
    fs::write(path.join("f"), "").unwrap();
    tell_until(&mut looped, modified);
    fs::rename(path.join("f"), path.join("g")).unwrap();
    tell_until(&mut looped, modified);
    fs::remove_file(path.join("g")).unwrap();
    tell_until(&mut looped, modified);
    fs::remove_dir(&path).unwrap();
    assert_eq!(
        tell_rest(&mut looped),
        [Told::Change(id, Deleted), Told::End(id)]
    );
}

#[test]
fn a_missing_file_is_refused_by_name() {
    let directory = Directory::new("missing");
    let mut looped = Loop::new();
    let error = looped
        .reactor
        .watch_file(&directory.0.join("none"))
        .unwrap_err();
    assert_eq!(error.errno(), Some(libc::ENOENT));
    assert!(error.to_string().contains("/none"), "{error}");
    assert_eq!(error.reason(), "No such file or directory");
    assert!(looped.reactor.is_empty());
}

#[test]
fn the_last_of_ten_thousand_writes_is_followed_by_a_modification() {
    let directory = Directory::new("many");
    let path = directory.file("f", "");
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    let mut seen_size = 0;
    for n in 0..10_000 {
        file.write_all(b"x").unwrap();
        if n % 1000 == 0 {
            looped.turn(Duration::ZERO, |_, seen| {
                if told(&seen.event) == Some(Told::Change(id, Modified)) {
                    seen_size = fs::metadata(&path).unwrap().len();
                }
            });
        }
    }
    looped.run_until(|_, seen| {
        assert_eq!(told(&seen.event), Some(Told::Change(id, Modified)));
        seen_size = fs::metadata(&path).unwrap().len();
        seen_size == 10_000
    });
}

#[test]
fn notices_that_the_system_drops_are_a_modification_of_every_file() {
    let queue = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let queue: usize = queue.trim().parse().unwrap();
    let directory = Directory::new("overflow");
    let noisy = ["a", "b"].map(|name| directory.file(name, ""));
    let (quiet, doomed) = (directory.file("quiet", ""), directory.file("doomed", ""));
    let mut looped = Loop::new();
    let mut files = noisy
        .clone()
        .map(|path| fs::File::options().append(true).open(path).unwrap());
    for path in &noisy {
        looped.reactor.watch_file(path).unwrap();
    }
    let quiet = looped.reactor.watch_file(&quiet).unwrap();
    let doomed_id = looped.reactor.watch_file(&doomed).unwrap();
    for _ in 0..queue / 2 + 1 {
        // The same notice twice in a row would be one.
        for file in &mut files {
            file.write_all(b"x").unwrap();
        }
    }
    fs::remove_file(&doomed).unwrap();
    let all = tell_rest(&mut looped);
    assert!(all.contains(&Told::Change(quiet, Modified)));
    assert!(all.ends_with(&[Told::Change(doomed_id, Deleted), Told::End(doomed_id)]));
}

#[test]
fn a_watch_may_be_ended_while_it_has_something_to_tell() {
    let directory = Directory::new("ended");
    let path = directory.file("f", "");
    let mut looped = Loop::new();
    let ids = [0; 2].map(|_| looped.reactor.watch_file(&path).unwrap());
    fs::write(&path, "x").unwrap();
    fs::remove_file(&path).unwrap();
    let mut all = Vec::new();
    looped.run_until(|reactor: &mut Reactor, seen| {
        all.extend(told(&seen.event));
        if let Event::FileChanged { id, .. } = seen.event {
            let _ = reactor.unwatch_file(ids[usize::from(id == ids[0])]);
        }
        reactor.count() == 0 && all.iter().any(|one| matches!(one, Told::End(_)))
    });
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(looped.reactor.is_empty());
}

#[test]
fn closing_all_ends_watches_too() {
    let directory = Directory::new("all");
    let path = directory.file("f", "");
    let mut looped = Loop::new();
    let id = looped.reactor.watch_file(&path).unwrap();
    looped.reactor.close_all();
    assert_eq!(
        looped.reactor.poll_timeout(Instant::now()),
        Some(Duration::ZERO)
    );
    assert_eq!(tell_until(&mut looped, Told::End(id)), [Told::End(id)]);
    assert!(looped.reactor.is_empty());
}
