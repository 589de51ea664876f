//! Threads that resolve names.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use mio::Waker;

use crate::resolve::Family;
use crate::sys::hosts::Edition;

/// What is asked: a host's name, and which addresses of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) host: String,
    pub(crate) family: Family,
}

/// Who waits for an answer, if anybody does.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) ticket: Weak<()>,
    /// Whether a thread is at it.
    pub(crate) begun: Arc<AtomicBool>,
}

/// Addresses, with port 0, or the resolver's words for why there are none.
pub(crate) type Answer = Result<Vec<SocketAddr>, String>;

/// What a thread has found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) answer: Answer,
    /// That of the hosts file which has the name.
    pub(crate) edition: Option<Edition>,
}

/// Resolves one name; waits for that.
pub(crate) type LookUp = Arc<dyn Fn(&str, Family) -> Found + Send + Sync>;

/// The most names that are resolved at a time: with a name server that is silent, each takes
/// seconds.
const MAX_THREADS: usize = 16;
/// A thread ends when nobody has asked it for so long.
const IDLE_TIME: Duration = Duration::from_secs(10);

/// Up to 16 threads, which are started when they are needed. They end when this is dropped: at once
/// where they wait, else with their answer, since getaddrinfo(3) cannot be interrupted.
#[derive(Debug)]
pub(crate) struct Resolver {
    questions: Sender<(Question, Wanted)>,
    answers: Receiver<(Question, Option<Found>)>,
    desk: Arc<Desk>,
}

/// What the threads share.
struct Desk {
    look_up: LookUp,
    questions: Receiver<(Question, Wanted)>,
    answers: Sender<(Question, Option<Found>)>,
    waker: Arc<Waker>,
    /// Whether the loop was woken for answers that it has not taken.
    woken: AtomicBool,
    threads: AtomicUsize,
    /// Questions without an answer.
    pending: AtomicUsize,
}

impl Resolver {
    /// `waker` ends the poll of the loop that asks.
    pub(crate) fn new(look_up: LookUp, waker: Arc<Waker>) -> Self {
        let (question_sender, questions) = unbounded();
        let (answer_sender, answers) = unbounded();
        let desk = Desk {
            look_up,
            questions,
            answers: answer_sender,
            waker,
            woken: AtomicBool::new(false),
            threads: AtomicUsize::new(0),
            pending: AtomicUsize::new(0),
        };
        Self {
            questions: question_sender,
            answers,
            desk: Arc::new(desk),
        }
    }

    /// Asks. Where nobody waits any more when it is the question's turn, there is no
    /// answer.
    ///
    /// Fails where there can be no thread.
    pub(crate) fn ask(&self, question: Question, asker: Wanted) -> io::Result<()> {
        let pending = self.desk.pending.fetch_add(1, Ordering::SeqCst) + 1;
        // The desk has a receiver, so that this cannot fail.
        let _ = self.questions.send((question, asker));
        let threads = self.desk.threads.load(Ordering::SeqCst);
        if threads >= pending.min(MAX_THREADS) {
            return Ok(());
        }
        match self.start_thread() {
            Err(error) if threads == 0 => Err(error),
            _ => Ok(()),
        }
    }

    fn start_thread(&self) -> io::Result<()> {
        let desk = Arc::clone(&self.desk);
        let thread = thread::Builder::new().name("em-resolver".to_owned());
        self.desk.threads.fetch_add(1, Ordering::SeqCst);
        let started = thread.spawn(move || desk.serve());
        if started.is_err() {
            self.desk.threads.fetch_sub(1, Ordering::SeqCst);
        }
        started.map(drop)
    }

    /// The answers since the last call; none to a question that nobody asked any more.
    pub(crate) fn answers(&self) -> Vec<(Question, Option<Found>)> {
        // Whoever answers from now on wakes the loop again.
        match self.desk.woken.swap(false, Ordering::SeqCst) {
            true => self.answers.try_iter().collect(),
            false => Vec::new(),
        }
    }
}

impl Desk {
    fn serve(&self) {
        while let Some((question, asker)) = self.next() {
            let wanted = asker.ticket.strong_count() > 0;
            asker.begun.store(wanted, Ordering::SeqCst);
            let found = wanted.then(|| (self.look_up)(&question.host, question.family));
            self.tell(question, found);
            self.pending.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Waits for a question; `None` where there are none any more, or none for a while.
    fn next(&self) -> Option<(Question, Wanted)> {
        if let Ok(question) = self.questions.recv_timeout(IDLE_TIME) {
            return Some(question);
        }
        self.threads.fetch_sub(1, Ordering::SeqCst);
        // Whoever asked while this thread still counted relies on it.
        let question = self.questions.try_recv().ok()?;
        self.threads.fetch_add(1, Ordering::SeqCst);
        Some(question)
    }

    fn tell(&self, question: Question, found: Option<Found>) {
        // The loop may have ended meanwhile.
        let told = self.answers.send((question, found)).is_ok();
        if told && !self.woken.swap(true, Ordering::SeqCst) {
            // A failure to wake (a full counter) means that a wake-up is pending.
            let _ = self.waker.wake();
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}
