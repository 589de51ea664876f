//! Starting tasks.

use magnus::{Error, Ruby, Value};
use rb_sys::VALUE;

use super::{Scheduler, drain, hooks, live};
use crate::own::Own;

/// The scheduler of the loop that runs in this thread, if it has one and is not about to end.
pub(crate) fn attached_here(ruby: &Ruby) -> Option<Own<Scheduler>> {
    let attached = live::attached(ruby)?;
    let is_ending = attached.state().ending;
    (!is_ending && attached.is_bound_here(ruby)).then_some(attached)
}

/// Makes a fiber of `body`, tells it to `known`, and runs it until its first wait. The scheduler is
/// that of this thread.
pub(crate) fn start_task(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    body: Value,
    task: VALUE,
    known: impl FnOnce(VALUE),
) -> Result<(), Error> {
    let fiber = hooks::new_fiber(ruby, body)?;
    known(fiber);
    drain::start(ruby, scheduler, fiber, Some(task))
}
