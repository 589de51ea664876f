//! Figures of the loop, and what callbacks take too long. Nothing is counted unless asked for.

mod calls;
mod kind;
mod meter;

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use magnus::prelude::*;
use magnus::{Error, RArray, RHash, RModule, Ruby, Value, method};

use crate::guarded::Guarded;
use crate::instance::{self, Instance};
use crate::{convert, errors};

use kind::Kind;
use meter::Meter;

pub(crate) use calls::{dispatch, fiber_ran, report_fiber, timed};

/// That figures are counted.
const COUNTS: u8 = 1;
/// That slow callbacks are reported.
const REPORTS: u8 = 2;

/// What is on.
static MODE: AtomicU8 = AtomicU8::new(0);

// SAFETY: the functions below are called by threads with the GVL: by the loop's between waits, and
// by natives.
static METER: Guarded<Meter> = unsafe { Guarded::new(Meter::NEW) };

pub(crate) fn init(module: RModule) -> Result<(), Error> {
    let singleton = module.singleton_class()?;
    singleton.define_private_method("set_metering", method!(set_metering, 2))?;
    singleton.define_private_method("reset_figures", method!(reset_figures, 0))?;
    singleton.define_private_method("figures", method!(figures, 0))?;
    singleton.define_private_method("lag_buckets", method!(lag_buckets, 0))?;
    singleton.define_private_method("census", method!(census, 0))?;
    singleton.define_private_method("count_callback", method!(count_callback, 2))
}

/// Whether callbacks are to be timed.
pub(crate) fn is_on() -> bool {
    MODE.load(Ordering::Relaxed) != 0
}

fn counts() -> bool {
    MODE.load(Ordering::Relaxed) & COUNTS != 0
}

/// No Ruby code runs inside `body`, so the borrow is never taken twice.
fn with<T>(body: impl FnOnce(&mut Meter) -> T) -> Option<T> {
    METER
        .state()
        .try_borrow_mut()
        .ok()
        .map(|mut meter| body(&mut meter))
}

// ---- what the loop tells

/// A loop runs: time counts while this is there.
pub(crate) struct InLoop;

impl InLoop {
    pub(crate) fn begin() -> Self {
        with(|meter| meter.in_loop(true, counts(), Instant::now()));
        Self
    }
}

impl Drop for InLoop {
    fn drop(&mut self) {
        with(|meter| meter.in_loop(false, counts(), Instant::now()));
    }
}

/// The loop looks for what has happened.
pub(crate) fn looks() {
    if counts() {
        with(|meter| meter.pace.looks(Instant::now()));
    }
}

/// The loop has looked, and acts on what it has found.
pub(crate) fn looked(now: Instant) {
    if counts() {
        with(|meter| meter.pace.looked(now));
    }
}

/// The loop begins to wait.
pub(crate) fn waits(now: Instant) {
    if counts() {
        with(|meter| meter.pace.waits(now));
    }
}

/// The loop has waited since `start`, for a time that was to be no longer than `limit`.
pub(crate) fn waited(start: Instant, now: Instant, limit: Option<Duration>) {
    if counts() {
        with(|meter| meter.pace.waited(start, now, limit));
    }
}

/// A loop goes away, with its traffic.
pub(crate) fn retires(instance: &Instance) {
    if counts() {
        count_traffic(instance);
    }
}

fn count_traffic(instance: &Instance) {
    with(|meter| meter.count_traffic(instance.serial, instance.reactor.traffic()));
}

// ---- what Ruby asks

/// Whether figures are counted, and how many seconds a callback takes at least that is reported;
/// none is where that is nil.
fn set_metering(ruby: &Ruby, _module: RModule, on: bool, limit: Option<f64>) -> Result<(), Error> {
    let began = on && !counts();
    let ended = !on && counts();
    if ended {
        instance::peek(ruby, |instance| count_traffic(instance))?;
        with(|meter| meter.end(Instant::now()));
    }
    let reports = limit.map_or(0, |_| REPORTS);
    MODE.store((u8::from(on) * COUNTS) | reports, Ordering::Relaxed);
    with(|meter| meter.limit = limit.map_or(Duration::MAX, convert::span));
    match began {
        true => begin_at_zero(ruby),
        false => Ok(()),
    }
}

fn reset_figures(ruby: &Ruby, _module: RModule) -> Result<(), Error> {
    begin_at_zero(ruby)
}

fn begin_at_zero(ruby: &Ruby) -> Result<(), Error> {
    let traffic = instance::peek(ruby, |i| (i.serial, i.reactor.traffic()))?;
    with(|meter| meter.reset(Instant::now(), traffic));
    Ok(())
}

/// What was counted: the names of `lib/em/metrics.rb`, with numbers, and with pairs of a number and
/// seconds for callbacks.
fn figures(ruby: &Ruby, _module: RModule) -> Result<RHash, Error> {
    if counts() {
        instance::peek(ruby, |instance| count_traffic(instance))?;
    }
    let now = Instant::now();
    let meter = with(|meter| {
        meter.pace.account(now);
        meter.clone()
    });
    let meter = meter.ok_or_else(|| errors::runtime(ruby, "eventmachine is busy"))?;
    let figures = ruby.hash_new();
    let set = |name: &str, value: Value| figures.aset(ruby.to_symbol(name), value);
    set("turns", ruby.into_value(meter.pace.turns()))?;
    set("callbacks", callbacks(ruby, &meter)?.as_value())?;
    set("bytes_read", ruby.into_value(meter.traffic.received))?;
    set("bytes_written", ruby.into_value(meter.traffic.sent))?;
    set("busy", ruby.into_value(meter.pace.busy().as_secs_f64()))?;
    set("idle", ruby.into_value(meter.pace.idle().as_secs_f64()))?;
    set("load", ruby.into_value(meter.pace.load(now)))?;
    set(
        "lag_sum",
        ruby.into_value(meter.pace.lag().sum().as_secs_f64()),
    )?;
    set(
        "lag_max",
        ruby.into_value(meter.pace.lag().longest().as_secs_f64()),
    )?;
    Ok(figures)
}

fn callbacks(ruby: &Ruby, meter: &Meter) -> Result<RHash, Error> {
    let callbacks = ruby.hash_new();
    for (kind, &(count, time)) in Kind::ALL.iter().zip(&meter.callbacks) {
        if count > 0 {
            callbacks.aset(ruby.to_symbol(kind.name()), (count, time.as_secs_f64()))?;
        }
    }
    Ok(callbacks)
}

/// How many turns had a lag of at most so many seconds, and more than the one before.
fn lag_buckets(ruby: &Ruby, _module: RModule) -> Result<RArray, Error> {
    let lag = with(|meter| meter.pace.lag().clone());
    let lag = lag.ok_or_else(|| errors::runtime(ruby, "eventmachine is busy"))?;
    let buckets = ruby.ary_new();
    for bucket in lag.buckets() {
        buckets.push(bucket)?;
    }
    Ok(buckets)
}

/// How many there are of each kind; nil where there is no loop.
fn census(ruby: &Ruby, _module: RModule) -> Result<Option<RHash>, Error> {
    let Some(census) = instance::peek(ruby, |instance| instance.reactor.census())? else {
        return Ok(None);
    };
    let counts = [
        ("accepted", census.accepted),
        ("connecting", census.connecting),
        ("connected", census.connected),
        ("attached", census.attached),
        ("child", census.children),
        ("datagram", census.datagrams),
        ("watch", census.watches),
        ("process", census.processes),
        ("file", census.files),
        ("servers", census.servers),
        ("timers", census.timers),
        ("outbound", census.outbound),
    ];
    let hash = ruby.hash_new();
    for (name, count) in counts {
        hash.aset(ruby.to_symbol(name), count)?;
    }
    Ok(Some(hash))
}

/// Counts a callback that Ruby has called and timed; whether it is to be reported.
fn count_callback(
    ruby: &Ruby,
    _module: RModule,
    name: String,
    seconds: f64,
) -> Result<bool, Error> {
    let kind = Kind::named(&name)
        .ok_or_else(|| errors::argument(ruby, format!("no kind of callback: {name}")))?;
    Ok(calls::count(kind, convert::span(seconds)))
}
