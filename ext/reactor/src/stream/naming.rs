//! Connects by name: the addresses of each family come on their own, so that neither waits for the
//! other's name server (RFC 8305, section 3).

use std::sync::Arc;
use std::time::Duration;

use super::Stream;
use super::connect::Attempt;
use crate::base::Base;
use crate::error::Error;
use crate::event::Reason;
use crate::resolve::{Family, with_port};
use crate::resolver::{Answer, Question};
use crate::turn::Turn;

/// The name that a connect is for.
#[derive(Debug)]
pub(crate) struct Naming {
    port: u16,
    /// How long IPv4 addresses wait for IPv6 ones.
    delay: Duration,
    /// The families that have no answer yet, each with what tells that it is waited for.
    pending: Vec<(Family, Option<Arc<()>>)>,
}

impl Naming {
    pub(crate) fn new(port: u16, families: &[Family], delay: Duration) -> Self {
        let pending = families.iter().map(|&family| (family, None)).collect();
        Self {
            port,
            delay,
            pending,
        }
    }

    pub(super) fn awaits_addresses(&self) -> bool {
        !self.pending.is_empty()
    }

    fn awaits(&self, family: Family) -> bool {
        self.pending.iter().any(|(pending, _)| *pending == family)
    }
}

impl Stream {
    /// The answer of one family was asked for: `ticket` says that it is waited for.
    pub(crate) fn asked(&mut self, family: Family, ticket: Arc<()>) {
        let naming = self
            .attempt
            .as_mut()
            .and_then(|attempt| attempt.naming.as_mut());
        let pending = naming.and_then(|naming| {
            let mut pending = naming.pending.iter_mut();
            pending.find(|(pending, _)| *pending == family)
        });
        if let Some((_, waits)) = pending {
            *waits = Some(ticket);
        }
    }

    /// The addresses of one family are known, or there are none.
    pub(crate) fn resolved(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        question: &Question,
        answer: &Answer,
    ) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let Some(naming) = &mut attempt.naming else {
            return;
        };
        naming
            .pending
            .retain(|(family, _)| *family != question.family);
        match answer {
            Ok(addresses) => {
                let addresses = with_port(addresses.clone(), naming.port);
                attempt.candidates.add(&addresses);
            }
            Err(words) => attempt.note_unresolved(question, words),
        }
        self.go_on_with_addresses(base, turn);
    }

    fn go_on_with_addresses(&mut self, base: &mut Base, turn: &mut Turn) {
        let Some(attempt) = &self.attempt else {
            return;
        };
        let wait = attempt.wait_for_v6();
        match (attempt.unstarted, attempt.timer, wait) {
            (false, None, _) => self.schedule_attempt(base, turn),
            (false, Some(_), _) | (true, Some(_), Some(_)) => {}
            (true, None, Some(delay)) => self.attempt_after(base, turn, delay),
            (true, _, None) => self.next_attempt(base, turn),
        }
    }
}

impl Attempt {
    /// How long to wait for IPv6, where there are only addresses of IPv4 yet.
    fn wait_for_v6(&self) -> Option<Duration> {
        let naming = self.naming.as_ref()?;
        let waits = naming.awaits(Family::V6) && !self.candidates.is_empty();
        waits.then_some(naming.delay)
    }

    /// Of two answers that there is none, that for IPv4 is told: most hosts have no IPv6 address.
    fn note_unresolved(&mut self, question: &Question, words: &str) {
        let may_replace = match self.reason {
            None => true,
            Some(Reason::Resolve(_)) => question.family == Family::V4,
            Some(_) => false,
        };
        if may_replace {
            let host = question.host.clone();
            let reason = words.to_owned();
            self.reason = Some(Reason::Resolve(Error::Resolve { host, reason }.to_string()));
        }
    }
}
