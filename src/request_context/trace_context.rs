//! `traceparent`, by which callers say which trace a request belongs to (W3C Trace Context, level 2).

use std::fmt;

/// A span in a trace, as it travels between programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; never zero.
    pub trace: u128,
    /// The span; never zero.
    pub span: u64,
    /// Of which only the lowest is looked at: whether the caller records its own span.
    pub flags: u8,
}

const SAMPLED: u8 = 1;
/// `00-{32 digits}-{16 digits}-{2 digits}`.
const LENGTH: usize = 55;

impl TraceContext {
    /// Reads the header. What is not well formed counts as not sent.
    pub fn parse(header: &str) -> Option<Self> {
        let (known, rest) = header.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let mut next = |digits| parts.next().filter(|part| part.len() == digits);
        let (version, trace) = (hex(next(2)?)?, hex(next(32)?)?);
        let (span, flags) = (hex(next(16)?)?, hex(next(2)?)?);
        // Later versions may say more, behind another dash.
        let is_whole = if version == 0 { rest.is_empty() } else { !rest.starts_with(|c| c != '-') };
        let is_valid = version != 0xff && trace != 0 && span != 0 && is_whole;
        let (span, flags) = (u64::try_from(span).ok()?, u8::try_from(flags).ok()?);
        is_valid.then_some(Self { trace, span, flags })
    }

    /// The trace in 32 digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// Whether spans of this trace are recorded.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

/// As the header is written.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags & SAMPLED)
    }
}

/// Digits in lower case, and nothing else.
fn hex(digits: &str) -> Option<u128> {
    let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn what_is_well_formed_is_read_and_written_again() {
        let header = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let read = TraceContext::parse(&header).unwrap();
        assert_eq!((read.trace_id().as_str(), read.is_sampled()), (TRACE, true));
        assert_eq!(read.to_string(), header);
        let later = TraceContext::parse(&format!("cc-{TRACE}-00f067aa0ba902b7-fe-more")).unwrap();
        assert_eq!(later.to_string(), format!("00-{TRACE}-00f067aa0ba902b7-00"));
        assert!(TraceContext::parse(&format!("cc-{TRACE}-00f067aa0ba902b7-01")).is_some());
    }

    #[test]
    fn what_is_not_counts_as_not_sent() {
        let zeros = "0".repeat(32);
        for header in [
            String::new(),
            "é".repeat(40),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01x"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{zeros}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-00f067aa0ba902b-701"),
            format!("00-{TRACE}+00f067aa0ba902b7-01"),
            format!("0x-{TRACE}-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(TraceContext::parse(&header), None, "{header}");
        }
    }
}
