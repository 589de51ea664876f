//! What it has found in Unix-domain sockets, and in children, which are at the other end of one.

use std::ffi::{OsStr, OsString};

use super::*;

/// A connection to a child, and its link, of which the second end is the child's.
fn spawned(scene: &mut Scene) -> (Id, usize) {
    let name = "/nothing/child";
    let argv = [OsString::from(name)];
    let id = scene.reactor.spawn(OsStr::new(name), &argv).unwrap();
    let fd = scene.reactor.file_descriptor(id).unwrap();
    let (link, _) = kernel::with(|kernel| kernel.end_of(fd)).unwrap();
    (id, link)
}

/// The connection ends for the reason that a call failed with, and its child is sent away.
fn assert_ends_by_refusal(scene: &mut Scene, id: Id) {
    kernel::with(|kernel| kernel.faults.refused = 1000);
    assert_eq!(scene.turns(1), []);
    kernel::with(|kernel| kernel.faults.refused = 0);
    let events = scene.turns(20);
    let is_refusal = |event: &Event| match event {
        Event::Unbound {
            id: of,
            reason: Some(Reason::Errno(error)),
        } => *of == id && [libc::ENOBUFS, libc::ENOMEM].contains(error),
        _ => false,
    };
    assert!(events.iter().any(is_refusal), "{events:?}");
}

#[test]
fn a_child_that_cannot_be_read_from_is_none_that_has_ended() {
    let mut scene = Scene::new(1);
    let (id, link) = spawned(&mut scene);
    kernel::with(|kernel| kernel.put(link, 1, b"bytes", Vec::new()));
    assert_ends_by_refusal(&mut scene, id);
}

#[test]
fn a_child_that_cannot_be_written_to_is_none_that_reads_no_more() {
    let mut scene = Scene::new(1);
    let (id, _) = spawned(&mut scene);
    scene.reactor.send(id, b"bytes").unwrap();
    assert_ends_by_refusal(&mut scene, id);
}

#[test]
fn one_that_gets_descriptors_is_not_idle() {
    let mut scene = Scene::new(1);
    scene.reactor.offer_descriptors();
    let (fd, link) = kernel::with(|kernel| {
        let fd = kernel.local_pair().unwrap();
        let (link, _) = kernel.end_of(fd).unwrap();
        kernel.links[link].ends[1].room_to_send = PLENTY;
        (fd, link)
    });
    let id = scene.reactor.attach(kernel::borrowed(fd)).unwrap();
    let second = Duration::from_secs(1);
    scene.reactor.set_inactivity_timeout(id, second).unwrap();
    for _ in 0..5 {
        kernel::with(|kernel| {
            kernel.clock += second / 2;
            let file = kernel.file_to_pass();
            kernel.put(link, 1, &[0], vec![file]);
        });
        scene.begin_turn();
        let events = scene.finish_turn(|reactor, event| {
            if *event == Event::DescriptorsOffered(id) {
                reactor.take_descriptors(id);
            }
        });
        assert!(
            events.contains(&Event::DescriptorReceived(id)),
            "{events:?}"
        );
    }
}

#[test]
fn one_that_waits_for_a_child_that_was_fed_to_the_end_does_so_asleep() {
    let mut scene = Scene::new(1);
    let (id, link) = spawned(&mut scene);
    kernel::with(|kernel| kernel.links[link].ends[0].room_to_send = 100);
    scene.reactor.send(id, &[0; 1_000]).unwrap();
    scene.reactor.close(id, true);
    while scene.reactor.outbound_len(id).unwrap() > 0 {
        assert_eq!(scene.turns(1), []);
        kernel::with(|kernel| kernel.take(link, 1, 100));
    }
    // It is told to end in time, which does not pass while there is something to do.
    assert_eq!(scene.turns(20), [unbound(id, None)]);
}

#[test]
fn a_child_is_waited_for_though_another_queue_does_not_watch_its_connection() {
    for seed in 0..20 {
        let mut scene = Scene::new(seed);
        let (id, _) = spawned(&mut scene);
        let pid = scene.reactor.child_pid(id).unwrap() as i32;
        kernel::with(|kernel| kernel.faults.unwatched = 500);
        let adopted = scene.reactor.adopt();
        kernel::with(|kernel| kernel.faults.unwatched = 0);
        if let Ok(poller) = adopted {
            scene.poller = poller;
        }
        assert_eq!(scene.turns(1), []);
        kernel::with(|kernel| kernel.end_process(pid, 0));
        let events = scene.turns(5);
        let is_end = |event: &Event| matches!(event, Event::Unbound { id: of, .. } if *of == id);
        assert!(events.iter().any(is_end), "{events:?}");
    }
}
