//! How a line of the log looks. Each says which request it belongs to, as the request's context knows it: a
//! span for each request would cost about as much as the line that every call writes.

use std::error::Error;
use std::fmt::{self, Debug, Write};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::LogFormat;
use crate::request_context;

/// Writes events as lines.
pub struct Lines(pub LogFormat);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self.0 {
            LogFormat::Plain => {
                plain_head(&mut writer, event)?;
                context.field_format().format_fields(writer.by_ref(), event)?;
                plain_tail(&mut writer)
            }
            LogFormat::Json => json(&mut writer, event),
        }
    }
}

/// Time, level, target; dim and in colours where the writer shows them.
fn plain_head(writer: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let (level, target) = (*event.metadata().level(), event.metadata().target());
    if !writer.has_ansi_escapes() {
        SystemTime.format_time(writer)?;
        return write!(writer, " {level:>5} {target}: ");
    }
    let colour = match level {
        tracing::Level::ERROR => 31,
        tracing::Level::WARN => 33,
        tracing::Level::INFO => 32,
        tracing::Level::DEBUG => 34,
        tracing::Level::TRACE => 35,
    };
    writer.write_str("\x1b[2m")?;
    SystemTime.format_time(writer)?;
    write!(writer, "\x1b[0m \x1b[{colour}m{level:>5}\x1b[0m \x1b[2m{target}:\x1b[0m ")
}

/// The request, in the form in which fields are written.
fn plain_tail(writer: &mut Writer<'_>) -> fmt::Result {
    let mut written = Ok(());
    request_context::visit(|name, value| {
        written = written.and_then(|()| match value.contains(' ') {
            true => write!(writer, " {name}={value:?}"),
            false => write!(writer, " {name}={value}"),
        });
    });
    written.and_then(|()| writer.write_char('\n'))
}

/// One object: the time, the level, what the event says, where it comes from, and the request as `span`.
fn json(writer: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    writer.write_str("{\"timestamp\":\"")?;
    SystemTime.format_time(writer)?;
    let (level, target) = (event.metadata().level(), event.metadata().target());
    write!(writer, "\",\"level\":\"{level}\",\"fields\":{{")?;
    let mut object = Object { writer, is_empty: true, written: Ok(()) };
    event.record(&mut object);
    object.written?;
    write!(writer, "}},\"target\":{}", Quoted(target))?;
    let mut request = Object { writer, is_empty: true, written: Ok(()) };
    request_context::visit(|name, value| {
        if request.is_empty {
            request.written = request.writer.write_str(",\"span\":{");
        }
        request.add(name, &Quoted(value));
    });
    request.written?;
    let end = if request.is_empty { "}\n" } else { "}}\n" };
    writer.write_str(end)
}

/// A text of JSON. Most need nothing but quotes.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte| !matches!(byte, 0..=0x1f | b'"' | b'\\');
        if self.0.bytes().all(is_plain) {
            f.write_char('"')?;
            f.write_str(self.0)?;
            f.write_char('"')
        } else {
            write!(f, "{}", Value::from(self.0))
        }
    }
}

/// The inside of an object, as far as it is written.
struct Object<'a, 'w> {
    writer: &'a mut Writer<'w>,
    is_empty: bool,
    written: fmt::Result,
}

impl Object<'_, '_> {
    fn add(&mut self, name: &str, value: &dyn fmt::Display) {
        let comma = if self.is_empty { "" } else { "," };
        self.is_empty = false;
        if self.written.is_ok() {
            self.written = write!(self.writer, "{comma}\"{name}\":{value}");
        }
    }
}

impl Visit for Object<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field.name(), &Quoted(&format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), &Quoted(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), &Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let (mut text, mut cause) = (value.to_string(), value.source());
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        self.add(field.name(), &Quoted(&text));
    }
}
