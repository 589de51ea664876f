//! A program that does at random what programs do with the loop, and knows what must come of it.

mod acts;
mod checks;
mod children;
mod conn;
mod connecting;
mod datagrams;
mod events;
mod files;
mod local;
mod outside;
mod passing;
mod processes;
mod proxies;
mod secure;
mod servers;
mod sockets;
mod timers;
mod waits;
mod watched;
mod wire;

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use em_reactor::{Event, Id, Poller, Reactor};

use crate::kernel::{self, Faults, Kernel};
use crate::random::Random;
use conn::Conn;
use datagrams::Datagrams;
use processes::Processes;
use sockets::Own;
use timers::Timers;
use waits::Waits;
use watched::Watched;
use wire::Wire;

/// What a read may give. With less, more of the reads fill it.
const BUFFERS: [usize; 4] = [64 * 1024, 64 * 1024, 4 * 1024, 500];

/// A server of the program's.
#[derive(Debug)]
struct Server {
    fd: i32,
    port: u16,
    /// Whether its connections are under TLS.
    secure: bool,
    /// Its file, where it has one: its port is only the kernel's name for it then.
    bound: Option<local::Bound>,
    stopped: bool,
    paused: bool,
    limit: Option<usize>,
    /// How many connections it took in a turn, and in which.
    taken: (usize, u64),
}

/// One run.
pub struct Program {
    reactor: Reactor,
    poller: Poller,
    buffer: Vec<u8>,
    random: Random,
    start: Instant,
    conns: Vec<Conn>,
    by_id: BTreeMap<Id, usize>,
    /// The names that were given so far.
    names: HashSet<Id>,
    servers: BTreeMap<Id, Server>,
    wires: Vec<Wire>,
    /// The wires of each link, by the end that sends.
    by_link: BTreeMap<usize, [Option<usize>; 2]>,
    /// Links of which an end is somebody's outside: which.
    outside: Vec<(usize, usize)>,
    /// Whether somebody outside cut off a connection before that was told to be one.
    cut_early: bool,
    datagrams: Datagrams,
    own: Vec<Own>,
    waits: Waits,
    processes: Processes,
    /// Children that are the program's to wait for.
    left: Vec<i32>,
    watched: Watched,
    /// Whether there are no faults, and all is to come to rest.
    is_calm: bool,
    timers: Timers,
    turn: u64,
    tells_input_ends: bool,
    /// How eager the program is: of a thousand events, how many it answers by some act.
    eager: usize,
    pub steps: usize,
    tracing: bool,
}

impl Program {
    pub fn new(seed: u64, tracing: bool) -> Self {
        let mut random = Random::new(seed);
        let faults = match random.chance(100) {
            true => Faults::default(),
            false => Faults::some(&mut random),
        };
        // There are no faults until the loop is there.
        let kernel = Kernel::new(Random::new(seed ^ 0xfee1), Faults::default());
        kernel::boot(kernel);
        local::clear();
        let start = Instant::now();
        let (mut reactor, poller) = Reactor::new(start).expect("a loop");
        let tells_input_ends = random.chance(500);
        reactor.set_ordered(true);
        if tells_input_ends {
            reactor.tell_input_ends();
        }
        if random.chance(800) {
            reactor.offer_descriptors();
        }
        let limit = [1024, 1024, 30][random.below(3)];
        let is_sandbox = random.chance(200);
        kernel::with(|kernel| {
            kernel.faults = faults;
            kernel.descriptor_limit = limit;
            kernel.is_sandbox = is_sandbox;
            kernel.open_outside_servers();
        });
        Self {
            reactor,
            poller,
            buffer: vec![0; BUFFERS[random.below(BUFFERS.len())]],
            eager: [0, 100, 500][random.below(3)],
            random,
            start,
            conns: Vec::new(),
            by_id: BTreeMap::new(),
            names: HashSet::new(),
            servers: BTreeMap::new(),
            wires: Vec::new(),
            by_link: BTreeMap::new(),
            outside: Vec::new(),
            cut_early: false,
            datagrams: Datagrams::default(),
            own: Vec::new(),
            waits: Waits::default(),
            processes: Processes::default(),
            left: Vec::new(),
            watched: Watched::default(),
            is_calm: false,
            timers: Timers::default(),
            turn: 0,
            tells_input_ends,
            steps: 0,
            tracing,
        }
    }

    /// Some episodes, after each of which all has to come to its end.
    pub fn run(&mut self, steps: usize) {
        while self.steps < steps {
            for _ in 0..self.random.between(50, 500) {
                self.step();
            }
            self.calm_down();
            if self.random.chance(400) {
                self.end_all();
            }
        }
        match self.random.chance(500) {
            true => self.end_all(),
            false => {
                (0..50).for_each(|_| self.step());
                self.close_at_once();
            }
        }
    }

    /// All is given back, and nothing is left. What tells this run from others.
    pub fn finish(mut self) -> (usize, Duration, u64) {
        let traits = (self.steps, self.clock(), self.random.next());
        drop((self.reactor, self.poller));
        let left = kernel::with(|kernel| kernel.open_files());
        assert!(left.is_empty(), "descriptors that are left open: {left:?}");
        kernel::halt();
        traits
    }

    fn step(&mut self) {
        self.steps += 1;
        match self.random.below(10) {
            0 | 1 => self.act(None),
            2..=4 => self.act_outside(),
            5..=7 => kernel::with(Kernel::happen),
            _ => self.take_turn(None),
        }
        self.check_misuse();
    }

    fn clock(&self) -> Duration {
        kernel::with(|kernel| kernel.clock)
    }

    fn now(&self) -> Instant {
        self.start + self.clock()
    }

    fn trace(&self, text: impl FnOnce() -> String) {
        if self.tracing {
            println!("{:>6} {:>12?} {}", self.steps, self.clock(), text());
        }
    }

    /// One turn of the loop, in which a poll waits for `wait` at most, or a random time.
    fn take_turn(&mut self, wait: Option<Duration>) {
        kernel::with(Kernel::begin_turn);
        self.turn += 1;
        self.timers.begin_turn();
        let now = self.now();
        self.reactor.begin_turn(now);
        let began = self.clock();
        while let Some(event) = self.reactor.next_timer() {
            self.tell(event, began);
        }
        self.timers.check(began, self.turn);
        self.take_woken();
        let wait =
            wait.unwrap_or_else(|| Duration::from_micros(self.random.size(2_000_000) as u64));
        let now = self.now();
        let timeout = self
            .reactor
            .poll_timeout(now)
            .map_or(wait, |until| until.min(wait));
        self.poller.poll(Some(timeout)).expect("a poll");
        let now = self.now();
        self.reactor.collect(&self.poller, now);
        self.trace(|| format!("turn {} waited {timeout:?}", self.turn));
        let clock = self.clock();
        self.take_woken();
        while let Some(event) = self.next_event() {
            self.tell(event, clock);
        }
        if self.reactor.needs_queue() {
            self.change_queue();
        }
        self.check_shares();
    }

    fn next_event(&mut self) -> Option<Event> {
        let event = self.reactor.next_event(&mut self.buffer);
        event.or_else(|| self.reactor.next_end())
    }

    /// Acts on an event.
    fn tell(&mut self, event: Event, clock: Duration) {
        self.steps += 1;
        self.trace(|| format!("{event:?}"));
        let subject = self.take(event, clock);
        if self.random.chance(50) {
            self.reactor.put_off_regulars();
        }
        if self.random.chance(self.eager) {
            self.act(subject);
        }
        self.reactor.flush();
    }

    // ---- wires

    fn new_wire(&mut self) -> usize {
        self.wires.push(Wire::new(self.wires.len() as u64));
        self.wires.len() - 1
    }

    /// The wire of what one end of a link sends.
    fn wire_of(&mut self, link: usize, side: usize) -> usize {
        if let Some(wire) = self.by_link.entry(link).or_default()[side] {
            return wire;
        }
        let wire = self.new_wire();
        self.by_link.entry(link).or_default()[side] = Some(wire);
        wire
    }

    /// A new connection of the program's.
    fn add_conn(&mut self, id: Id) -> usize {
        assert!(self.names.insert(id), "{id:?} is used again");
        let fd = self.reactor.file_descriptor(id).expect("its number");
        let wire = self.new_wire();
        self.conns.push(Conn::new(id, fd, wire, self.clock()));
        let index = self.conns.len() - 1;
        self.by_id.insert(id, index);
        index
    }

    /// Notes which link a connection is one of the ends of.
    fn note_link(&mut self, index: usize) {
        let id = self.conns[index].id;
        let fd = self.reactor.file_descriptor(id).expect("its number");
        let (link, side) = kernel::with(|kernel| kernel.end_of(fd)).expect("a link");
        self.conns[index].fd = fd;
        self.conns[index].link = Some((link, side));
        self.conns[index].connected = true;
        let out = self.conns[index].out;
        self.by_link.entry(link).or_default()[side] = Some(out);
        self.trace(|| format!("{id:?} is end {side} of link {link}, by {fd}"));
    }

    /// Checks bytes that have arrived by a wire.
    fn receive(&mut self, wire: usize, data: &[u8], by: &str) {
        self.expect_from_source(wire, data.len());
        if let Err(problem) = self.wires[wire].receive(data) {
            panic!("{by} gets {problem} by wire {wire}");
        }
    }
}
