//! What the simulation has found, one by one.

mod local;

use std::time::{Duration, Instant};

use em_reactor::{Event, Id, Interest, Poller, Reactor, Reason};

use crate::kernel::{self, Faults, Kernel};
use crate::random::Random;

/// Room in a socket for all that these tests send.
const PLENTY: usize = 1 << 22;

/// A loop on a kernel without faults.
struct Scene {
    reactor: Reactor,
    poller: Poller,
    start: Instant,
    buffer: Vec<u8>,
}

impl Scene {
    fn new(seed: u64) -> Self {
        kernel::boot(Kernel::new(Random::new(seed), Faults::default()));
        let start = Instant::now();
        let (reactor, poller) = Reactor::new(start).unwrap();
        Self {
            reactor,
            poller,
            start,
            buffer: vec![0; 64 * 1024],
        }
    }

    fn now(&self) -> Instant {
        self.start + kernel::with(|kernel| kernel.clock)
    }

    /// The first half of a turn.
    fn begin_turn(&mut self) {
        let now = self.now();
        self.reactor.begin_turn(now);
        assert_eq!(self.reactor.next_timer(), None);
    }

    /// The second half; each event is acted on by `act`.
    fn finish_turn(&mut self, mut act: impl FnMut(&mut Reactor, &Event)) -> Vec<Event> {
        let timeout = self.reactor.poll_timeout(self.now());
        let second = Duration::from_secs(1);
        let wait = timeout.map_or(second, |until| until.min(second));
        self.poller.poll(Some(wait)).unwrap();
        let now = self.now();
        self.reactor.collect(&self.poller, now);
        let mut events = Vec::new();
        while let Some(event) = self.next_event() {
            act(&mut self.reactor, &event);
            if let Event::Unbound { id, .. } = event {
                self.reactor.release(id);
            }
            self.reactor.flush();
            events.push(event);
        }
        events
    }

    fn next_event(&mut self) -> Option<Event> {
        let event = self.reactor.next_event(&mut self.buffer);
        event.or_else(|| self.reactor.next_end())
    }

    /// All that is told in some turns.
    fn turns(&mut self, count: usize) -> Vec<Event> {
        let mut turn = || {
            self.begin_turn();
            self.finish_turn(|_, _| {})
        };
        (0..count).flat_map(|_| turn()).collect()
    }

    /// A connection that was attached, and its link, of which the other end is outside.
    fn attached(&mut self) -> (Id, usize) {
        let (fd, link) = kernel::with(|kernel| {
            let fd = kernel.pair().unwrap();
            let (link, _) = kernel.end_of(fd).unwrap();
            for end in &mut kernel.links[link].ends {
                (end.room_to_send, end.room_to_receive) = (PLENTY, PLENTY);
            }
            (fd, link)
        });
        (self.reactor.attach(kernel::borrowed(fd)).unwrap(), link)
    }

    fn listen(&mut self) -> (Id, u16) {
        let id = self.reactor.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
        let name = self.reactor.socket_name(id).unwrap();
        (id, u16::from_be_bytes([name[2], name[3]]))
    }

    /// A connection that was accepted, and its link, of which the first end is outside.
    fn accepted(&mut self) -> (Id, usize) {
        let (_, port) = self.listen();
        let link = kernel::with(|kernel| {
            let link = kernel.connect_from_outside(port).unwrap();
            kernel.answer_all();
            for end in &mut kernel.links[link].ends {
                (end.room_to_send, end.room_to_receive) = (PLENTY, PLENTY);
            }
            link
        });
        let accepted = |event: &Event| match event {
            Event::Accepted { id, .. } => Some(*id),
            _ => None,
        };
        let id = self.turns(2).iter().find_map(accepted).unwrap();
        (id, link)
    }
}

/// Somebody outside sends these bytes, which arrive.
fn write_outside(link: usize, side: usize, data: &[u8]) {
    kernel::with(|kernel| {
        kernel.links[link].ends[side].sent.push(data);
        kernel.deliver(link, side, usize::MAX);
    });
}

/// Somebody outside sends no more.
fn shut_outside(link: usize, side: usize) {
    kernel::with(|kernel| {
        kernel.links[link].ends[side].shut = true;
        kernel.deliver(link, side, usize::MAX);
    });
}

fn unbound(id: Id, reason: Option<Reason>) -> Event {
    Event::Unbound { id, reason }
}

#[test]
fn what_is_sent_after_a_close_is_not_taken_while_it_connects() {
    let mut scene = Scene::new(1);
    let (_, port) = scene.listen();
    for after_writing in [true, false] {
        let address = ([127, 0, 0, 1], port).into();
        let id = scene.reactor.connect_tcp(&[address], None).unwrap();
        assert_eq!(scene.reactor.send(id, b"before").unwrap(), 6);
        scene.reactor.close(id, after_writing);
        assert_eq!(scene.reactor.send(id, b"after").unwrap(), 0);
        assert_eq!(scene.reactor.outbound_len(id).unwrap(), 6);
    }
}

#[test]
fn one_that_cannot_be_watched_is_none_that_a_listener_has_taken() {
    let mut scene = Scene::new(1);
    let (listener, port) = scene.listen();
    scene
        .reactor
        .set_connection_limit(listener, Some(2))
        .unwrap();
    let connect = |count| {
        kernel::with(|kernel| {
            for _ in 0..count {
                kernel.connect_from_outside(port);
            }
            kernel.answer_all();
        });
    };
    connect(1);
    assert_eq!(scene.turns(2).len(), 1);
    kernel::with(|kernel| kernel.faults.unwatched = 1000);
    connect(1);
    assert_eq!(scene.turns(2), []);
    kernel::with(|kernel| kernel.faults.unwatched = 0);
    connect(3);
    assert_eq!(scene.turns(3).len(), 1, "one more is within the limit");
}

#[test]
fn one_that_has_ended_its_output_closes_when_its_peer_has_all() {
    let mut scene = Scene::new(1);
    let (id, link) = scene.accepted();
    scene.reactor.send(id, b"bytes").unwrap();
    scene.reactor.close_write(id).unwrap();
    scene.reactor.flush();
    scene.reactor.close(id, true);
    assert_eq!(scene.turns(3), [], "its peer has nothing yet");
    kernel::with(|kernel| kernel.deliver(link, 1, usize::MAX));
    assert_eq!(scene.turns(3), [unbound(id, None)]);
}

#[test]
fn nothing_is_told_of_one_whose_end_was_told() {
    for seed in 0..20 {
        let mut scene = Scene::new(seed);
        let ((source, source_link), (target, target_link)) = (scene.attached(), scene.attached());
        scene.reactor.start_proxy(source, target, 0, 0).unwrap();
        for link in [source_link, target_link] {
            shut_outside(link, 1);
        }
        let events = scene.turns(3);
        let end = events
            .iter()
            .position(|event| *event == unbound(source, None));
        let after = &events[end.unwrap()..];
        assert!(
            !after.contains(&Event::ProxyTargetUnbound(source)),
            "{events:?}"
        );
    }
}

#[test]
fn a_timeout_that_is_taken_back_in_time_ends_nothing() {
    let mut scene = Scene::new(1);
    let (id, _) = scene.attached();
    let timeout = Duration::from_millis(10);
    scene.reactor.set_inactivity_timeout(id, timeout).unwrap();
    kernel::with(|kernel| kernel.clock += 2 * timeout);
    scene.begin_turn();
    scene
        .reactor
        .set_inactivity_timeout(id, Duration::ZERO)
        .unwrap();
    assert_eq!(scene.finish_turn(|_, _| {}), []);
    assert_eq!(scene.turns(3), []);
}

#[test]
fn one_that_is_not_idle_after_all_is_not_closed_for_that() {
    let mut scene = Scene::new(1);
    let (id, link) = scene.attached();
    let timeout = Duration::from_millis(10);
    scene.reactor.set_inactivity_timeout(id, timeout).unwrap();
    kernel::with(|kernel| kernel.clock += 2 * timeout);
    write_outside(link, 1, b"bytes");
    scene.begin_turn();
    let events = scene.finish_turn(|reactor, event| {
        if matches!(event, Event::Data { .. }) {
            reactor.close(id, false);
        }
    });
    assert_eq!(events, [Event::Data { id, len: 5 }, unbound(id, None)]);
}

#[test]
fn a_peer_that_is_gone_at_once_is_seen_where_its_end_was_passed_on() {
    let mut scene = Scene::new(1);
    let ((one, link), (other, _)) = (scene.accepted(), scene.attached());
    for (source, target) in [(one, other), (other, one)] {
        scene.reactor.start_proxy(source, target, 0, 0).unwrap();
    }
    shut_outside(link, 0);
    kernel::with(|kernel| kernel.reset(link, 0));
    let events = scene.turns(4);
    assert!(
        events.contains(&unbound(one, Some(Reason::Errno(libc::EPIPE)))),
        "{events:?}"
    );
}

#[test]
fn the_end_of_its_input_is_not_told_of_one_that_was_closed() {
    let mut scene = Scene::new(1);
    scene.reactor.tell_input_ends();
    let ((one, link), (other, _)) = (scene.accepted(), scene.attached());
    for (source, target) in [(one, other), (other, one)] {
        scene.reactor.start_proxy(source, target, 0, 0).unwrap();
    }
    shut_outside(link, 0);
    assert_eq!(scene.turns(2), []);
    for id in [other, one] {
        scene.reactor.close(id, false);
    }
    let events = scene.turns(2);
    assert!(!events.contains(&Event::InputEnded(one)), "{events:?}");
}

#[test]
fn one_that_has_written_its_share_reads_one_share() {
    let mut scene = Scene::new(1);
    let ((source, link), (target, _)) = (scene.attached(), scene.attached());
    scene.reactor.start_proxy(source, target, 0, 100).unwrap();
    scene.reactor.send(source, &[1; 1 << 20]).unwrap();
    scene.reactor.flush();
    write_outside(link, 1, &[2; 400_000]);
    let mut told = 0;
    for _ in 0..20 {
        let events = scene.turns(1);
        let data = events
            .iter()
            .filter(|event| matches!(event, Event::Data { .. }));
        let count = data.count();
        assert!(count <= 1, "{events:?}");
        told += count;
    }
    assert_eq!(told, 7);
}

#[test]
fn a_notification_that_the_system_refuses_is_not_said_to_be_given() {
    let mut scene = Scene::new(1);
    let fd = kernel::with(|kernel| kernel.pair().unwrap());
    let id = scene.reactor.watch(kernel::borrowed(fd)).unwrap();
    let ask = |scene: &mut Scene| scene.reactor.set_notify(id, Interest::WRITABLE, true);
    kernel::with(|kernel| kernel.faults.unwatched = 1000);
    assert!(ask(&mut scene).is_err());
    assert_eq!(scene.reactor.notifies(id).unwrap(), Interest::NONE);
    kernel::with(|kernel| kernel.faults.unwatched = 0);
    ask(&mut scene).unwrap();
    assert_eq!(scene.turns(1), [Event::Writable(id)]);
}
