//! Pipes, eventfds, and splice(2).

use super::queue::Queue;
use super::{Answer, Kernel, Kind};

/// What a pipe holds.
const CAPACITY: usize = 256 * 1024;

impl Kernel {
    pub(super) fn pipe(&mut self) -> Answer<[i32; 2]> {
        self.may_lack()?;
        let index = self.pipes.len();
        self.pipes.push(Queue::default());
        let reader = self.open(Kind::Reader(index))?;
        match self.open(Kind::Writer(index)) {
            Ok(writer) => Ok([reader, writer]),
            Err(error) => {
                self.close(reader)?;
                Err(error)
            }
        }
    }

    pub(super) fn eventfd(&mut self) -> Answer<i32> {
        self.open(Kind::Event(0))
    }

    pub(super) fn write_file(&mut self, fd: i32, data: &[u8]) -> Answer {
        let file = self.file_of(fd)?;
        match &mut self.file_mut(file).kind {
            Kind::Event(count) => *count += 1,
            _ => return Err(libc::EINVAL),
        }
        self.wake(Some(file), libc::EPOLLIN);
        Ok(data.len())
    }

    pub(super) fn read_file(&mut self, fd: i32, buffer: &mut [u8]) -> Answer {
        self.may_interrupt()?;
        match self.kind_of(fd)? {
            Kind::Inotify(_) => self.read_notices(fd, buffer),
            Kind::Event(0) => Err(libc::EAGAIN),
            Kind::Event(count) => {
                *count = 0;
                Ok(buffer.len())
            }
            Kind::Reader(pipe) => {
                let pipe = *pipe;
                let most = self.shortened(buffer.len());
                let queue = &mut self.pipes[pipe];
                let count = most.min(queue.len());
                if count == 0 {
                    return Err(libc::EAGAIN);
                }
                buffer[..count].copy_from_slice(queue.peek(count));
                queue.skip(count);
                Ok(count)
            }
            _ => Err(libc::EINVAL),
        }
    }

    pub(super) fn splice(&mut self, from: i32, to: i32, most: usize) -> Answer {
        self.may_interrupt()?;
        if let Kind::Reader(pipe) = *self.kind_of(from)? {
            let (link, side) = self.end_of(to)?;
            let data = self.pipes[pipe].peek(most).to_vec();
            let count = self.write_end(link, side, &[&data])?;
            self.pipes[pipe].skip(count);
            return Ok(count);
        }
        let Kind::Writer(pipe) = *self.kind_of(to)? else {
            return Err(libc::EINVAL);
        };
        let (link, side) = self.end_of(from)?;
        let mut taken = vec![0; most.min(CAPACITY - self.pipes[pipe].len())];
        if taken.is_empty() {
            return Err(libc::EAGAIN);
        }
        let end = &self.links[link].ends[side];
        if end.urgent.is_some_and(|urgent| urgent.at == 0) {
            // It does not get past an urgent byte, nor does it tell that from the end.
            return if end.fin { Ok(0) } else { Err(libc::EAGAIN) };
        }
        let count = self.read_end(link, side, &mut taken)?;
        self.pipes[pipe].push(&taken[..count]);
        Ok(count)
    }
}
