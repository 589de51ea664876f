//! Reading, writing, and ending connections.

use super::link::{End, State, Urgent};
use super::{Answer, Kernel};

const IN: i32 = libc::EPOLLIN;
const OUT: i32 = libc::EPOLLOUT;
pub(super) const ALL: i32 =
    IN | OUT | libc::EPOLLPRI | libc::EPOLLERR | libc::EPOLLHUP | libc::EPOLLRDHUP;

impl Kernel {
    /// A size, or less.
    pub(super) fn shortened(&mut self, size: usize) -> usize {
        match size > 1 && self.chance(self.faults.short) {
            true => self.random.size(size),
            false => size,
        }
    }

    /// An error that is the owner's to know, or none.
    fn tell(&mut self, link: usize, side: usize, error: i32) -> i32 {
        self.links[link].ends[side].told.push(error);
        error
    }

    fn may_refuse(&mut self, link: usize, side: usize) -> Answer<()> {
        if !self.chance(self.faults.refused) {
            return Ok(());
        }
        let error = match self.random.chance(500) {
            true => libc::ENOBUFS,
            false => libc::ENOMEM,
        };
        Err(self.tell(link, side, error))
    }

    pub(super) fn read_end(&mut self, link: usize, side: usize, buffer: &mut [u8]) -> Answer {
        self.may_interrupt()?;
        self.may_refuse(link, side)?;
        let end = &self.links[link].ends[side];
        let waiting = end.received.len();
        if waiting == 0 {
            return self.read_nothing(link, side);
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.links[link].is_local {
            let (count, files) = self.read_local(link, side, buffer)?;
            self.drop_files(&files);
            return Ok(count);
        }
        let not_ready = self.chance(self.faults.not_ready);
        let may_read = self.links[link].ends[side].readable_at_once(buffer.len());
        let most = self.shortened(may_read);
        let end = &mut self.links[link].ends[side];
        if not_ready {
            end.arrives_later = true;
            return Err(libc::EAGAIN);
        }
        buffer[..most].copy_from_slice(end.received.peek(most));
        end.skip(most);
        // What stands behind urgent data has arrived already.
        end.arrives_later |= most < may_read;
        Ok(most)
    }

    /// As [`read_end`](Self::read_end), with the files that come along.
    pub(super) fn read_message(
        &mut self,
        link: usize,
        side: usize,
        buffer: &mut [u8],
    ) -> Answer<(usize, Vec<usize>)> {
        self.may_interrupt()?;
        self.may_refuse(link, side)?;
        match self.links[link].ends[side].received.len() {
            0 => Ok((self.read_nothing(link, side)?, Vec::new())),
            _ => self.read_local(link, side, buffer),
        }
    }

    pub(super) fn read_nothing(&mut self, link: usize, side: usize) -> Answer {
        let is_local = self.links[link].is_local;
        let end = &mut self.links[link].ends[side];
        end.urgent = None;
        if end.fin && !(is_local && end.error.is_some()) {
            end.end_told = true;
            return Ok(0);
        }
        if let Some(error) = end.error.take() {
            return Err(self.tell(link, side, error));
        }
        match end.state {
            State::Dead => {
                end.end_told = true;
                Ok(0)
            }
            State::Connected => Err(libc::EAGAIN),
            _ => Err(libc::ENOTCONN),
        }
    }

    pub(super) fn write_end(&mut self, link: usize, side: usize, parts: &[&[u8]]) -> Answer {
        self.write_message(link, side, parts, Vec::new())
    }

    /// Writes, and passes files, which are on their way if that succeeds.
    pub(super) fn write_message(
        &mut self,
        link: usize,
        side: usize,
        parts: &[&[u8]],
        files: Vec<usize>,
    ) -> Answer {
        let written = self.write_parts(link, side, parts, &files);
        if written.is_err() {
            self.drop_files(&files);
        }
        written
    }

    fn write_parts(
        &mut self,
        link: usize,
        side: usize,
        parts: &[&[u8]],
        files: &[usize],
    ) -> Answer {
        self.may_interrupt()?;
        self.may_refuse(link, side)?;
        let is_local = self.links[link].is_local;
        let total: usize = parts.iter().map(|part| part.len()).sum();
        let end = &mut self.links[link].ends[side];
        if end.state != State::Connected || end.shut {
            let error = match (end.error.take_if(|_| !is_local), end.state) {
                (Some(error), _) => error,
                (None, State::Connecting) => return Err(libc::EAGAIN),
                (None, _) => libc::EPIPE,
            };
            return Err(self.tell(link, side, error));
        }
        if total == 0 {
            return Ok(0);
        }
        let not_ready = self.chance(self.faults.not_ready);
        let room = self.links[link].ends[side].room();
        let most = self.shortened(total.min(room));
        let end = &mut self.links[link].ends[side];
        if most == 0 || not_ready {
            end.no_space = true;
            end.drains_later |= not_ready;
            return Err(libc::EAGAIN);
        }
        let mut left = most;
        let mut taken = Vec::new();
        for part in parts {
            let count = left.min(part.len());
            taken.push(&part[..count]);
            left -= count;
        }
        self.push(link, side, &taken, files.to_vec());
        let end = &mut self.links[link].ends[side];
        end.accepted += most as u64;
        if most < total {
            end.no_space = true;
            end.drains_later |= most < room;
        }
        Ok(most)
    }

    pub(super) fn shut_end(&mut self, link: usize, side: usize, how: i32) -> Answer {
        if self.links[link].is_local {
            let (sends, reads) = (how != libc::SHUT_RD, how != libc::SHUT_WR);
            self.shut_local(link, side, sends, reads);
            return Ok(0);
        }
        let end = &mut self.links[link].ends[side];
        if end.state != State::Connected {
            return Err(libc::ENOTCONN);
        }
        if how != libc::SHUT_RD {
            end.shut = true;
        }
        if how != libc::SHUT_WR {
            end.fin = true;
        }
        let file = end.file;
        self.wake(file, ALL);
        Ok(0)
    }

    /// Nobody has an end open any more. Where something is unread, that is a reset.
    pub fn close_end(&mut self, link: usize, side: usize) {
        if self.links[link].is_local {
            return self.close_local(link, side, false);
        }
        let end = &mut self.links[link].ends[side];
        end.closed = true;
        end.file = None;
        let unread = end.received.len() > 0 || end.urgent.is_some_and(|urgent| !urgent.taken);
        if end.state == State::Connecting {
            self.stop_connecting(link);
        } else if unread {
            self.reset(link, side);
        } else {
            end.shut = true;
        }
    }

    /// One end cuts the connection off.
    pub fn reset(&mut self, link: usize, side: usize) {
        if self.links[link].is_local {
            return self.close_local(link, side, true);
        }
        let end = &mut self.links[link].ends[side];
        (end.state, end.closed) = (State::Dead, true);
        end.sent.clear();
        end.received.clear();
        (end.urgent_sent, end.urgent) = (None, None);
        self.cut(link, 1 - side, libc::ECONNRESET);
    }

    pub(super) fn cut(&mut self, link: usize, side: usize, error: i32) {
        let end = &mut self.links[link].ends[side];
        end.cut(error);
        let file = end.file;
        self.wake(file, ALL);
    }

    /// What one end has sent arrives at the other, up to `most` bytes of it.
    pub fn deliver(&mut self, link: usize, side: usize, most: usize) {
        if self.links[link].is_local {
            return self.deliver_local(link, side);
        }
        let [from, to] = &self.links[link].ends;
        let (from, to) = if side == 0 { (from, to) } else { (to, from) };
        if from.state != State::Connected || to.state != State::Connected {
            return;
        }
        if to.closed && from.sent.len() > 0 {
            // Who has closed wants no more: what it has not delivered itself is lost.
            return self.reset(link, 1 - side);
        }
        let [first, second] = &mut self.links[link].ends;
        let (from, to) = match side {
            0 => (first, second),
            _ => (second, first),
        };
        let room = to.room_to_receive.saturating_sub(to.received.len());
        let moved = from.sent.move_to(&mut to.received, most.min(room));
        let is_urgent = move_urgent(from, to, moved);
        let ends = from.shut && from.sent.len() == 0 && from.urgent_sent.is_none() && !to.fin;
        to.fin |= ends;
        let (source, target) = (from.file, to.file);
        let has_room = from.no_space && from.is_writable();
        from.no_space &= !has_room;
        if moved > 0 || ends || is_urgent {
            let end = if ends {
                libc::EPOLLRDHUP | libc::EPOLLHUP
            } else {
                0
            };
            self.wake(target, IN | libc::EPOLLPRI | end);
        }
        if has_room && moved > 0 {
            self.wake(source, OUT);
        }
    }

    /// What a call has put off is told now.
    pub fn catch_up(&mut self, link: usize) {
        for side in 0..2 {
            let end = &mut self.links[link].ends[side];
            let file = end.file;
            let arrives = std::mem::take(&mut end.arrives_later);
            let drains = std::mem::take(&mut end.drains_later);
            let mask = if arrives { IN } else { 0 } | if drains { OUT } else { 0 };
            if mask != 0 {
                self.wake(file, mask);
            }
        }
    }
}

/// So many bytes have moved on, and with the last of those before it the urgent byte.
fn move_urgent(from: &mut End, to: &mut End, moved: usize) -> bool {
    let Some(at) = from.urgent_sent else {
        return false;
    };
    if at > moved {
        from.urgent_sent = Some(at - moved);
        return false;
    }
    from.urgent_sent = None;
    let at = to.received.len() - (moved - at);
    to.urgent = Some(Urgent { at, taken: false });
    true
}
