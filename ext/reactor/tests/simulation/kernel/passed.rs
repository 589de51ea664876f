//! Descriptors that are passed over Unix-domain sockets: SCM_RIGHTS of unix(7).

use super::{Answer, Kernel, Kind};

/// Bytes that came with descriptors: where they stand in what has arrived, and the open files.
#[derive(Debug)]
pub struct Message {
    pub at: usize,
    pub length: usize,
    pub files: Vec<usize>,
}

impl Kernel {
    /// An open file for somebody outside to pass: nobody has a descriptor of it.
    pub fn file_to_pass(&mut self) -> usize {
        let file = self.add_file(Kind::Event(0));
        self.file_mut(file).references += 1;
        file
    }

    /// A descriptor for the program to pass.
    pub fn descriptor_to_pass(&mut self) -> Answer<i32> {
        self.open(Kind::Event(0))
    }

    /// What tells an open file from all others.
    pub fn serial_of_file(&mut self, file: usize) -> u64 {
        self.file_mut(file).serial
    }

    /// The open files that descriptors stand for, which are on their way from now on.
    pub(super) fn lift(&mut self, fds: &[i32]) -> Answer<Vec<usize>> {
        let files: Answer<Vec<usize>> = fds.iter().map(|fd| self.file_of(*fd)).collect();
        for file in files.iter().flatten() {
            self.file_mut(*file).references += 1;
        }
        files
    }

    /// Files that were on their way are so no more.
    pub fn drop_files(&mut self, files: &[usize]) {
        files.iter().for_each(|file| self.unrefer(*file));
    }

    /// Descriptors for files that have arrived, and whether there could not be one for each.
    pub(super) fn land(&mut self, files: &[usize]) -> (Vec<i32>, bool) {
        let mut fds = Vec::new();
        for file in files {
            if self.open_count() < self.descriptor_limit {
                fds.extend(self.refer(*file));
            } else {
                self.may_have_lacked = true;
            }
            self.unrefer(*file);
        }
        let is_cut = fds.len() < files.len();
        (fds, is_cut)
    }

    /// Looks at what a read would take: how many bytes, and whether descriptors come with them.
    pub(super) fn peek_local(
        &mut self,
        link: usize,
        side: usize,
        buffer: &mut [u8],
    ) -> Answer<(usize, bool)> {
        self.may_interrupt()?;
        let end = &self.links[link].ends[side];
        if end.received.len() == 0 {
            return self.read_nothing(link, side).map(|count| (count, false));
        }
        let (count, brings) = end.readable_message(buffer.len());
        buffer[..count].copy_from_slice(end.received.peek(count));
        Ok((count, brings))
    }

    /// Reads, and gives the files that come along, which are on their way yet.
    pub(super) fn read_local(
        &mut self,
        link: usize,
        side: usize,
        buffer: &mut [u8],
    ) -> Answer<(usize, Vec<usize>)> {
        let not_ready = self.chance(self.faults.not_ready);
        let end = &mut self.links[link].ends[side];
        if not_ready {
            end.arrives_later = true;
            return Err(libc::EAGAIN);
        }
        let (count, _) = end.readable_message(buffer.len());
        buffer[..count].copy_from_slice(end.received.peek(count));
        Ok((count, self.take(link, side, count)))
    }

    /// So many bytes of what has arrived are read: the files that came with them.
    pub fn take(&mut self, link: usize, side: usize, count: usize) -> Vec<usize> {
        let end = &mut self.links[link].ends[side];
        end.skip(count);
        let mut files = Vec::new();
        end.messages.retain_mut(|message| {
            let is_left = message.at >= count;
            match is_left {
                true => message.at -= count,
                false => files.append(&mut message.files),
            }
            is_left
        });
        if self.links[link].is_local {
            self.make_room(link, 1 - side, count);
        }
        files
    }

    /// Somebody outside sends bytes, and files with them: how many bytes are taken.
    pub fn put(&mut self, link: usize, side: usize, data: &[u8], files: Vec<usize>) -> usize {
        let end = &self.links[link].ends[side];
        let may_write = end.state == super::State::Connected && !end.shut;
        let count = if may_write {
            data.len().min(end.room())
        } else {
            0
        };
        if count == 0 {
            self.drop_files(&files);
            return 0;
        }
        self.push(link, side, &[&data[..count]], files);
        count
    }

    /// Bytes are on their way, or are there already; and files with them.
    pub(super) fn push(&mut self, link: usize, side: usize, parts: &[&[u8]], files: Vec<usize>) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let is_local = self.links[link].is_local;
        let ends = &mut self.links[link].ends;
        if !is_local {
            return parts.iter().for_each(|part| ends[side].sent.push(part));
        }
        ends[side].untaken += length;
        let peer = &mut ends[1 - side];
        let at = peer.received.len();
        parts.iter().for_each(|part| peer.received.push(part));
        if !files.is_empty() {
            peer.messages.push(Message { at, length, files });
        }
        let file = peer.file;
        self.wake(file, libc::EPOLLIN);
    }

    /// Open files that nobody has a descriptor of.
    pub fn hidden_files(&self) -> Vec<String> {
        let is_hidden = |(index, _): &(usize, &super::File)| {
            let mut open = self.descriptors.iter().flatten();
            !open.any(|file| file == index)
        };
        let files = self.files.iter().enumerate();
        let files = files.filter_map(|(index, file)| Some((index, file.as_ref()?)));
        files
            .filter(is_hidden)
            .map(|(_, file)| format!("{file:?}"))
            .collect()
    }
}
