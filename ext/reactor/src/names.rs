//! Names that are being resolved off the loop, and who waits for them.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use mio::Waker;

use crate::event::Event;
use crate::id::Id;
use crate::known::{Known, find};
use crate::resolve::Family;
use crate::resolver::{Answer, Found, LookUp, Question, Resolver, Wanted};
use crate::sys::fork;
use crate::turn::{Deadline, Turn};

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The caller of [`Reactor::resolve`](crate::Reactor::resolve), by the number that it was
    /// given.
    Caller(u64),
    /// A connect by name.
    Connect(Id),
}

/// One question, however many ask it.
#[derive(Debug)]
struct Asked {
    askers: Vec<Asker>,
    /// Where nobody waits any more, no thread takes the trouble.
    wanted: Wanted,
}

#[derive(Debug)]
struct Request {
    timer: Option<Id>,
    /// Held for as long as the answer is waited for.
    _ticket: Arc<()>,
}

/// All of a reactor's.
pub(crate) struct Names {
    look_up: LookUp,
    known: Known,
    /// None until the first question.
    resolver: Option<Resolver>,
    asked: HashMap<Question, Asked>,
    requests: HashMap<u64, Request>,
    last: u64,
    /// Those to be told of yet.
    answers: VecDeque<(Asker, Arc<Question>, Arc<Answer>)>,
    generation: u64,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            look_up: Arc::new(find),
            known: Known::default(),
            resolver: None,
            asked: HashMap::new(),
            requests: HashMap::new(),
            last: 0,
            answers: VecDeque::new(),
            generation: fork::generation(),
        }
    }

    pub(crate) fn set_look_up(
        &mut self,
        look_up: impl Fn(&str, Family) -> Result<Vec<SocketAddr>, String> + Send + Sync + 'static,
    ) {
        self.look_up = Arc::new(move |host, family| Found {
            answer: look_up(host, family),
            edition: None,
        });
        self.known = Known::default();
        self.resolver = None;
    }

    /// Asks on behalf of a caller, who is told by an event of the number that is returned.
    pub(crate) fn request(
        &mut self,
        turn: &mut Turn,
        waker: &Arc<Waker>,
        question: Question,
        due: Option<Instant>,
    ) -> u64 {
        self.last += 1;
        let number = self.last;
        if let Some(answer) = self.known.answer(&question) {
            let (request, answer) = (number, answer.clone());
            turn.notices.push_back(Event::Resolved { request, answer });
            return number;
        }
        let deadline = Deadline::Resolution(number);
        let timer = due.and_then(|due| turn.deadlines.add(turn.now, due, deadline));
        let _ticket = self.ask(waker, question, Asker::Caller(number));
        self.requests.insert(number, Request { timer, _ticket });
        number
    }

    /// The addresses that the hosts file is known to have for a host, in the order of `families`.
    pub(crate) fn known(&mut self, host: &str, families: &[Family]) -> Option<Vec<SocketAddr>> {
        let mut addresses = Vec::new();
        for &family in families {
            let host = host.to_owned();
            let answer = self.known.answer(&Question { host, family })?;
            addresses.extend(answer.iter().flatten());
        }
        Some(addresses)
    }

    /// Resolves a name on the calling thread.
    pub(crate) fn resolve_here(&mut self, host: &str) -> Answer {
        let (host, family) = (host.to_owned(), Family::Any);
        let question = Question { host, family };
        if let Some(answer) = self.known.answer(&question) {
            return answer.clone();
        }
        let found = (self.look_up)(&question.host, family);
        self.known.keep(&question, &found);
        found.answer
    }

    /// Asks; who does holds what is returned for as long as it waits for the answer.
    pub(crate) fn ask(&mut self, waker: &Arc<Waker>, question: Question, asker: Asker) -> Arc<()> {
        if let Some(asked) = self.asked.get_mut(&question) {
            if let Some(ticket) = asked.wanted.ticket.upgrade() {
                asked.askers.push(asker);
                return ticket;
            }
            // What a thread is at anyway need not be asked for again.
            if asked.wanted.begun.load(Ordering::SeqCst) {
                let ticket = Arc::new(());
                asked.askers = vec![asker];
                asked.wanted.ticket = Arc::downgrade(&ticket);
                return ticket;
            }
        }
        let ticket = Arc::new(());
        let wanted = Wanted {
            ticket: Arc::downgrade(&ticket),
            begun: Arc::default(),
        };
        let asked = Asked {
            askers: vec![asker],
            wanted: wanted.clone(),
        };
        self.asked.insert(question.clone(), asked);
        self.put(waker, question, wanted);
        ticket
    }

    /// Puts a question to the threads.
    fn put(&mut self, waker: &Arc<Waker>, question: Question, wanted: Wanted) {
        let look_up = &self.look_up;
        let resolver = self
            .resolver
            .get_or_insert_with(|| Resolver::new(Arc::clone(look_up), Arc::clone(waker)));
        if let Err(error) = resolver.ask(question.clone(), wanted) {
            self.deal(question, Err(crate::error::describe(&error)));
            // There may be nobody else to end the poll for it; a failure means that it ends anyway.
            let _ = waker.wake();
        }
    }

    /// Whether there may be answers: most loops never ask.
    #[inline]
    pub(crate) fn may_answer(&self) -> bool {
        self.resolver.is_some() || !self.answers.is_empty()
    }

    /// The next answer, and whose it is.
    pub(crate) fn next_answer(&mut self) -> Option<(Asker, Arc<Question>, Arc<Answer>)> {
        if self.answers.is_empty() {
            for (question, found) in self.resolver.as_ref()?.answers() {
                match found {
                    Some(found) => {
                        self.known.keep(&question, &found);
                        self.deal(question, found.answer);
                    }
                    None => self.drop_unwanted(&question),
                }
            }
        }
        self.answers.pop_front()
    }

    /// Nobody was left when it was the question's turn.
    fn drop_unwanted(&mut self, question: &Question) {
        let unwanted = |asked: &Asked| asked.wanted.ticket.strong_count() == 0;
        if self.asked.get(question).is_some_and(unwanted) {
            self.asked.remove(question);
        }
    }

    /// Notes whose an answer is.
    fn deal(&mut self, question: Question, answer: Answer) {
        let Some(asked) = self.asked.remove(&question) else {
            return;
        };
        let (question, answer) = (Arc::new(question), Arc::new(answer));
        let dealt = asked.askers.into_iter();
        let dealt = dealt.map(|asker| (asker, Arc::clone(&question), Arc::clone(&answer)));
        self.answers.extend(dealt);
    }

    /// Tells a caller, who may have waited for too long already.
    pub(crate) fn tell(&mut self, turn: &mut Turn, request: u64, answer: &Answer) {
        let Some(Request { timer, .. }) = self.requests.remove(&request) else {
            return;
        };
        if let Some(timer) = timer {
            turn.deadlines.cancel(timer);
        }
        let answer = answer.clone();
        turn.notices.push_back(Event::Resolved { request, answer });
    }

    /// A caller has waited for long enough.
    pub(crate) fn due(&mut self, turn: &mut Turn, request: u64) {
        if self.requests.remove(&request).is_some() {
            let answer = Err("the resolver did not answer in time".to_owned());
            turn.notices.push_back(Event::Resolved { request, answer });
        }
    }

    /// Asks again in a forked child, which has no threads.
    pub(crate) fn adopt(&mut self, waker: &Arc<Waker>) {
        self.leave_to_parent();
        self.generation = fork::generation();
        let asked = self.asked.iter();
        let questions = asked.map(|(question, asked)| {
            // No thread of this process is at it.
            asked.wanted.begun.store(false, Ordering::SeqCst);
            (question.clone(), asked.wanted.clone())
        });
        for (question, wanted) in questions.collect::<Vec<_>>() {
            self.put(waker, question, wanted);
        }
    }

    /// The threads are the parent's, and may have been at work on what they share with this.
    fn leave_to_parent(&mut self) {
        std::mem::forget(self.resolver.take());
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            self.leave_to_parent();
        }
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names")
            .field("asked", &self.asked)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
