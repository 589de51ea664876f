//! The turns of the loop, with and without the GVL.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use magnus::{Error, Ruby};

use crate::dispatch::Dispatcher;
use crate::instance::Instance;
use crate::{errors, gvl, instance};

/// The most that one read takes from a connection.
const READ_SIZE: usize = 64 * 1024;

/// The loop as its own thread sees it.
pub(crate) struct Loop<'r> {
    ruby: &'r Ruby,
    dispatcher: Dispatcher<'r>,
    buffer: Vec<u8>,
    serial: u64,
}

/// What the first half of a turn found.
enum Outlook {
    /// Wait for at most so long.
    Wait(Option<Duration>),
    Stop,
}

impl<'r> Loop<'r> {
    pub(crate) fn new(ruby: &'r Ruby) -> Result<Self, Error> {
        let serial = instance::look(ruby, "run_machine", |i| i.serial)?;
        let dispatcher = Dispatcher::new(ruby)?;
        Ok(Self {
            ruby,
            dispatcher,
            buffer: vec![0; READ_SIZE],
            serial,
        })
    }

    /// Runs until the loop is stopped, or a callback raises what no error handler takes.
    pub(crate) fn run(&mut self) -> Result<(), Error> {
        while self.turn()? {}
        Ok(())
    }

    /// One turn; false once the loop is stopped.
    pub(crate) fn turn(&mut self) -> Result<bool, Error> {
        if !self.begin()? {
            return Ok(false);
        }
        self.timers()?;
        self.ticks()?;
        match self.outlook()? {
            Outlook::Stop => return Ok(false),
            Outlook::Wait(timeout) => self.poll(timeout)?,
        }
        self.events()?;
        Ok(true)
    }

    fn begin(&self) -> Result<bool, Error> {
        self.ours(|instance| {
            if instance.stopping {
                return Ok(false);
            }
            if instance.reactor.is_forked() {
                instance.poller = Some(instance.reactor.adopt()?);
                instance.waker = instance.reactor.waker();
            }
            instance.reactor.begin_turn(Instant::now());
            Ok(true)
        })?
        .unwrap_or(Ok(false))
        .map_err(|error| errors::from(self.ruby, &error))
    }

    fn timers(&self) -> Result<(), Error> {
        while let Some(event) = self.ours(|i| i.reactor.next_timer())?.flatten() {
            self.dispatcher.dispatch(&event, &[])?;
            self.flush()?;
        }
        Ok(())
    }

    fn ticks(&self) -> Result<(), Error> {
        if self
            .ours(|i| std::mem::take(&mut i.signalled))?
            .unwrap_or(false)
        {
            self.dispatcher.deferred()?;
            self.flush()?;
        }
        Ok(())
    }

    fn outlook(&self) -> Result<Outlook, Error> {
        let wait = self.ours(|instance| {
            if instance.stopping || instance.signalled {
                return Some(Duration::ZERO);
            }
            instance.reactor.poll_timeout(Instant::now())
        })?;
        Ok(wait.map_or(Outlook::Stop, Outlook::Wait))
    }

    /// Looks first, since there mostly is work; waits only where there is none.
    fn poll(&self, timeout: Option<Duration>) -> Result<(), Error> {
        let Some(Some(mut poller)) = self.ours(|i| i.poller.take())? else {
            return Ok(());
        };
        let mut polled = poller.poll(Some(Duration::ZERO));
        let mut waited = Ok(());
        if polled.is_ok() && poller.is_empty() && timeout != Some(Duration::ZERO) {
            self.ours(|instance| instance.sleeping = true)?;
            waited = gvl::wait_readable(poller.as_raw_fd(), timeout);
            polled = poller.poll(Some(Duration::ZERO));
        }
        // What a signal handler raised is handed out only after the state is whole again.
        self.ours(|instance| {
            instance.sleeping = false;
            instance.reactor.collect(&poller, Instant::now());
            instance.poller = Some(poller);
        })?;
        waited?;
        polled.map_err(|error| {
            errors::system(
                self.ruby,
                error.raw_os_error().unwrap_or(0),
                "epoll_wait(2)",
            )
        })
    }

    fn events(&mut self) -> Result<(), Error> {
        loop {
            let buffer = &mut self.buffer;
            let serial = self.serial;
            let next = instance::peek(self.ruby, |instance| {
                (instance.serial == serial)
                    .then(|| instance.reactor.next_event(buffer))
                    .flatten()
            })?;
            let Some(event) = next.flatten() else {
                return Ok(());
            };
            self.dispatcher.dispatch(&event, &self.buffer)?;
            self.flush()?;
        }
    }

    fn flush(&self) -> Result<(), Error> {
        self.ours(|instance| instance.reactor.flush()).map(drop)
    }

    /// This loop's instance, unless a callback took it away.
    fn ours<T>(&self, body: impl FnOnce(&mut Instance) -> T) -> Result<Option<T>, Error> {
        instance::peek(self.ruby, |i| (i.serial == self.serial).then(|| body(i)))
            .map(Option::flatten)
    }
}

/// Ends all that is left, each with its `unbind`, and takes the loop away. The first exception of a
/// callback is raised when all is done.
pub(crate) fn release(ruby: &Ruby) -> Result<(), Error> {
    if instance::look(ruby, "release_machine", |i| i.reactor.is_forked())? {
        if let Some(instance) = instance::take(ruby)? {
            // The parent's queue goes first, so that nothing of the parent's is removed from it.
            drop(instance.poller);
            instance.reactor.abandon();
        }
        return Ok(());
    }
    let dispatcher = Dispatcher::new(ruby)?;
    let mut first_error = Ok(());
    // Callbacks may open new descriptors; that is not followed for ever.
    for _ in 0..8 {
        let done = instance::look(ruby, "release_machine", |instance| {
            instance.reactor.flush();
            instance.reactor.close_all();
            instance.reactor.is_empty()
        })?;
        if done {
            break;
        }
        while let Some(event) = instance::peek(ruby, |i| i.reactor.next_event(&mut []))?.flatten() {
            first_error = first_error.and(dispatcher.dispatch(&event, &[]));
        }
    }
    instance::take(ruby)?;
    first_error
}
