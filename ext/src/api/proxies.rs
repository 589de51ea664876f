//! Proxies between connections.

use magnus::{Error, RModule, Ruby, TryConvert, Value, function};

use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("start_proxy", function!(start_proxy, 4))?;
    module.define_module_function("stop_proxy", function!(stop_proxy, 1))?;
    module.define_module_function("get_proxied_bytes", function!(get_proxied_bytes, 1))
}

/// Nothing happens where the source is gone.
fn start_proxy(
    ruby: &Ruby,
    source: Value,
    target: Value,
    buffer_size: Value,
    length: Value,
) -> Result<(), Error> {
    let (source, target) = (convert::id(source)?, convert::id(target)?);
    let limit = count(ruby, buffer_size, "buffer size")?;
    let length = count(ruby, length, "length")?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let known = instance::change(ruby, |i| {
        let _ = i.reactor.start_proxy(source, target, limit, length);
        i.reactor.contains(target)
    })?;
    if !known {
        let target = target.as_u64();
        let message =
            format!("Tried to proxy to an invalid descriptor: unknown signature {target}");
        return Err(errors::own(ruby, "ConnectionError", message));
    }
    Ok(())
}

fn count(ruby: &Ruby, value: Value, name: &str) -> Result<u64, Error> {
    let number = i64::try_convert(value)?;
    let negative = |_| errors::argument(ruby, format!("{name} must not be negative: {number}"));
    u64::try_from(number).map_err(negative)
}

fn stop_proxy(ruby: &Ruby, source: Value) -> Result<(), Error> {
    let source = convert::id(source)?;
    let _ = instance::change(ruby, |i| i.reactor.stop_proxy(source))?;
    Ok(())
}

fn get_proxied_bytes(ruby: &Ruby, source: Value) -> Result<u64, Error> {
    let source = convert::id(source)?;
    let bytes = instance::look(ruby, |i| i.reactor.proxied_bytes(source))?;
    Ok(bytes.unwrap_or(0))
}
