//! Names that are being resolved off the loop, and who waits for them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::id::Id;
use crate::reactor::{Deadline, Reactor};
use crate::resolve::{Family, addresses};
use crate::resolver::{Answer, LookUp, Question, Resolver};
use crate::sys::fork;
use crate::timeouts::FOREVER;

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The caller of [`Reactor::resolve`], by the number that it was given.
    Caller(u64),
    /// A connect by name.
    Connect(Id),
}

/// One question, however many ask it.
#[derive(Debug)]
struct Asked {
    askers: Vec<Asker>,
    /// Gone when nobody waits any more, so that no thread takes the trouble.
    wanted: Arc<()>,
}

#[derive(Debug)]
struct Request {
    question: Question,
    timer: Option<Id>,
}

/// All of a reactor's.
pub(crate) struct Names {
    look_up: LookUp,
    /// None until the first question.
    resolver: Option<Resolver>,
    asked: HashMap<Question, Asked>,
    requests: HashMap<u64, Request>,
    last: u64,
    generation: u64,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            look_up: Arc::new(addresses),
            resolver: None,
            asked: HashMap::new(),
            requests: HashMap::new(),
            last: 0,
            generation: fork::generation(),
        }
    }

    /// Nobody asks for it any more.
    fn withdraw(&mut self, question: &Question, asker: Asker) {
        let Some(asked) = self.asked.get_mut(question) else {
            return;
        };
        asked.askers.retain(|other| *other != asker);
        if asked.askers.is_empty() {
            self.asked.remove(question);
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

impl Reactor {
    /// Resolves a name in another thread; [`Event::Resolved`] follows, with the number that is returned.
    /// Requests for one name share the work. After `timeout` the answer is that it took too long.
    pub fn resolve(
        &mut self,
        host: &str,
        family: Family,
        now: Instant,
        timeout: Option<Duration>,
    ) -> u64 {
        let question = Question {
            host: host.to_owned(),
            family,
        };
        self.names.last += 1;
        let number = self.names.last;
        let deadline = timeout.map(|timeout| now + timeout.min(FOREVER));
        let timer =
            deadline.and_then(|due| self.timers.add(now, due, Deadline::Resolution(number)));
        let request = Request {
            question: question.clone(),
            timer,
        };
        self.names.requests.insert(number, request);
        self.ask(question, Asker::Caller(number));
        number
    }

    /// Has names be resolved by a function in place of getaddrinfo(3). It is called in other threads.
    pub fn set_look_up(
        &mut self,
        look_up: impl Fn(&str, Family) -> Result<Vec<SocketAddr>, String> + Send + Sync + 'static,
    ) {
        self.names.look_up = Arc::new(look_up);
        self.names.resolver = None;
    }

    pub(crate) fn ask(&mut self, question: Question, asker: Asker) {
        if let Some(asked) = self.names.asked.get_mut(&question) {
            asked.askers.push(asker);
            return;
        }
        let asked = Asked {
            askers: vec![asker],
            wanted: Arc::new(()),
        };
        self.names.asked.insert(question.clone(), asked);
        self.put(question);
    }

    /// Puts a question to the threads.
    fn put(&mut self, question: Question) {
        let (names, waker) = (&mut self.names, &self.waker);
        let Some(asked) = names.asked.get(&question) else {
            return;
        };
        let resolver = names
            .resolver
            .get_or_insert_with(|| Resolver::new(Arc::clone(&names.look_up), Arc::clone(waker)));
        let wanted = Arc::downgrade(&asked.wanted);
        if let Err(error) = resolver.ask(question.clone(), wanted) {
            self.answer(&question, &Err(crate::error::describe(&error)));
        }
    }

    pub(crate) fn withdraw(&mut self, question: &Question, asker: Asker) {
        self.names.withdraw(question, asker);
    }

    /// Gives the answers that have come in to those who asked.
    pub(crate) fn take_answers(&mut self) {
        let Some(resolver) = &self.names.resolver else {
            return;
        };
        for (question, answer) in resolver.answers() {
            self.answer(&question, &answer);
        }
    }

    fn answer(&mut self, question: &Question, answer: &Answer) {
        let Some(asked) = self.names.asked.remove(question) else {
            return;
        };
        for asker in asked.askers {
            match asker {
                Asker::Caller(number) => self.answer_caller(number, answer),
                Asker::Connect(id) => self.answer_connect(id, question, answer),
            }
        }
    }

    fn answer_caller(&mut self, request: u64, answer: &Answer) {
        let Some(Request { timer, .. }) = self.names.requests.remove(&request) else {
            return;
        };
        timer.map(|timer| self.timers.cancel(timer));
        let answer = answer.clone();
        self.notices.push_back(Event::Resolved { request, answer });
    }

    /// Whoever asked has waited long enough.
    pub(crate) fn resolution_due(&mut self, request: u64) {
        let Some(Request { question, .. }) = self.names.requests.remove(&request) else {
            return;
        };
        self.names.withdraw(&question, Asker::Caller(request));
        self.notices.push_back(Event::Resolved {
            request,
            answer: Err("the resolver did not answer in time".to_owned()),
        });
    }

    /// Asks again in a forked child, which has no threads.
    pub(crate) fn adopt_names(&mut self) {
        self.names.leave_to_parent();
        self.names.generation = fork::generation();
        let questions: Vec<Question> = self.names.asked.keys().cloned().collect();
        for question in questions {
            self.put(question);
        }
    }
}
