//! Answers that the hosts file has given: they need no thread again while it stays as it is.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::resolve::{Family, addresses};
use crate::resolver::{Answer, Found, Question};
use crate::sys::hosts::{self, Edition};

/// Asks the system for the addresses of a host; waits for name servers, but for none about a name
/// that the hosts file has.
pub(crate) fn find(host: &str, family: Family) -> Found {
    let edition = hosts::edition_with(host);
    let answer = match edition {
        Some(_) => addresses_of_listed(host, family),
        None => addresses(host, family),
    };
    Found { answer, edition }
}

/// The system, asked for both families, asks no name server about a name that its hosts file has
/// for one of them.
fn addresses_of_listed(host: &str, family: Family) -> Answer {
    let suits = |address: &SocketAddr| match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    };
    let found: Vec<_> = addresses(host, Family::Any)?;
    let found: Vec<_> = found.into_iter().filter(suits).collect();
    match found.is_empty() {
        true => Err("No address associated with hostname".to_owned()),
        false => Ok(found),
    }
}

/// Where nsswitch.conf asks others before the file, or the network's state orders the addresses,
/// nothing tells of a change.
const LIFETIME: Duration = Duration::from_secs(1);

/// Those to questions about names that one edition of the file has.
#[derive(Debug, Default)]
pub(crate) struct Known {
    answers: HashMap<Question, Answer>,
    good: Option<(Edition, Instant)>,
}

impl Known {
    /// The answer to a question, where it is still good.
    pub(crate) fn answer(&mut self, question: &Question) -> Option<&Answer> {
        if !self.answers.contains_key(question) {
            return None;
        }
        let (edition, until) = self.good?;
        if Instant::now() >= until || hosts::edition() != Some(edition) {
            self.answers.clear();
        }
        self.answers.get(question)
    }

    /// Keeps what was found, where that is the hosts file's.
    pub(crate) fn keep(&mut self, question: &Question, found: &Found) {
        let Some(edition) = found.edition else {
            return;
        };
        if self.answers.is_empty() || self.good.is_none_or(|(good, _)| good != edition) {
            self.answers.clear();
            self.good = Some((edition, Instant::now() + LIFETIME));
        }
        self.answers.insert(question.clone(), found.answer.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(host: &str) -> Question {
        Question {
            host: host.to_owned(),
            family: Family::V4,
        }
    }

    fn found(edition: Option<Edition>) -> Found {
        Found {
            answer: Ok(vec![([127, 0, 0, 1], 0).into()]),
            edition,
        }
    }

    #[test]
    fn what_is_not_the_hosts_files_is_not_kept() {
        let mut known = Known::default();
        known.keep(&question("one"), &found(None));
        assert_eq!(known.answer(&question("one")), None);
    }

    #[test]
    #[cfg(unix)]
    fn an_answer_is_good_for_its_question_and_its_edition_alone() {
        let now = hosts::edition().unwrap();
        let mut known = Known::default();
        known.keep(&question("one"), &found(Some(now)));
        assert_eq!(known.answer(&question("two")), None);
        assert_eq!(known.answer(&question("one")), Some(&found(None).answer));
        known.keep(&question("two"), &found(Some(hosts::another(now))));
        assert_eq!(known.answer(&question("one")), None);
        assert_eq!(known.answer(&question("two")), None);
    }

    #[test]
    #[cfg(unix)]
    fn an_answer_is_good_for_a_second() {
        let now = hosts::edition().unwrap();
        let mut known = Known::default();
        known.keep(&question("one"), &found(Some(now)));
        known.good = Some((now, Instant::now()));
        assert_eq!(known.answer(&question("one")), None);
        assert!(known.answers.is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn names_of_the_hosts_file_are_told_from_others() {
        assert!(find("localhost", Family::V4).edition.is_some());
        assert!(find("127.0.0.1", Family::V4).edition.is_none());
    }
}
