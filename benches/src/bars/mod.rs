//! What is compared with what, what the ratio must be, and what it should become.

mod rows;

use std::fmt;

use crate::report::{Report, Series};
pub use rows::rows;

/// The least or the most that a ratio may be.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

impl Bar {
    /// How far a ratio came: 1 is enough, also where less is better.
    pub fn reached(self, ratio: f64) -> f64 {
        match self {
            Self::AtLeast(bar) => ratio / bar,
            Self::AtMost(bar) => bar / ratio,
        }
    }

    /// Whether it came far enough, in a word.
    pub fn verdict(self, ratio: f64) -> &'static str {
        if self.reached(ratio) >= 1.0 { "met" } else { "missed" }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bar) => write!(f, "≥ {bar}"),
            Self::AtMost(bar) => write!(f, "≤ {bar}"),
        }
    }
}

/// A measurement of a report.
#[derive(Clone, Copy, Debug)]
enum Figure {
    /// The one of this name
    Named(&'static str),
    /// The highest of those whose name is this and a number of callers
    Best(&'static str),
    /// The one among the fewest memberships
    Fewest(&'static str),
    /// The one among the most memberships
    Most(&'static str),
}

impl Figure {
    fn of(self, report: &Report) -> Option<&Series> {
        let numbered = |what: &'static str, between: &'static str| {
            report.series.iter().filter_map(move |(name, series)| {
                let number = name.strip_prefix(what)?.strip_prefix(between)?;
                Some((number.parse::<u32>().ok()?, series))
            })
        };
        match self {
            Self::Named(name) => report.series.get(name),
            Self::Best(what) => {
                let by_median = |a: &&Series, b: &&Series| a.median().total_cmp(&b.median());
                numbered(what, " ").map(|(_, series)| series).max_by(by_median)
            }
            Self::Fewest(what) => numbered(what, " among ").min_by_key(|(n, _)| *n).map(|(_, s)| s),
            Self::Most(what) => numbered(what, " among ").max_by_key(|(n, _)| *n).map(|(_, s)| s),
        }
    }
}

/// One comparison.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub scenario: &'static str,
    pub name: &'static str,
    ours: Figure,
    /// What it is divided by, and in a word what that is; a figure may also stand for itself.
    beside: Option<(Figure, &'static str)>,
    pub must: Option<Bar>,
    pub aim: Option<Bar>,
}

/// What a report says about a row.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub row: &'a Row,
    pub ours: &'a Series,
    pub beside: Option<(&'a Series, &'static str)>,
    pub ratio: f64,
}

impl Row {
    /// What the report says, if it is about this row and has all that is needed.
    pub fn result<'a>(&'a self, report: &'a Report) -> Option<Found<'a>> {
        if report.scenario != self.scenario {
            return None;
        }
        let ours = self.ours.of(report)?;
        let beside = match self.beside {
            Some((figure, word)) => Some((figure.of(report)?, word)),
            None => None,
        };
        let ratio = ours.median() / beside.map_or(1.0, |(series, _)| series.median());
        Some(Found { row: self, ours, beside, ratio }).filter(|found| found.ratio.is_finite())
    }

    fn at_least(self, must: f64) -> Self {
        Self { must: Some(Bar::AtLeast(must)), ..self }
    }

    fn at_most(self, must: f64) -> Self {
        Self { must: Some(Bar::AtMost(must)), ..self }
    }

    /// In the same direction as what it must be.
    fn aim(self, aim: f64) -> Self {
        let at_most = matches!(self.must, Some(Bar::AtMost(_)));
        let aim = if at_most { Bar::AtMost(aim) } else { Bar::AtLeast(aim) };
        Self { aim: Some(aim), ..self }
    }
}
