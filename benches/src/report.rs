//! Medians, ratios, and how far the rounds were apart.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::server::Failed;

/// The rounds of one measurement.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Series {
    pub unit: String,
    pub rounds: Vec<f64>,
}

impl Series {
    pub fn median(&self) -> f64 {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// (Highest − lowest) ÷ median: how far the rounds were apart. With five rounds it hides nothing,
    /// where the range between the quartiles would leave out the two that differ most.
    pub fn noise(&self) -> f64 {
        let highest = self.rounds.iter().copied().fold(f64::MIN, f64::max);
        let lowest = self.rounds.iter().copied().fold(f64::MAX, f64::min);
        (highest - lowest) / self.median()
    }
}

/// One ratio of medians, with what it should reach.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ratio {
    pub name: String,
    pub value: f64,
    /// At least this, or at most if `at_most`.
    pub bar: f64,
    pub at_most: bool,
}

impl Ratio {
    /// How far it came: 1 is enough, also where less is better.
    pub fn reached(&self) -> f64 {
        if self.at_most { self.bar / self.value } else { self.value / self.bar }
    }

    /// What it should be to its bar.
    pub fn sign(&self) -> char {
        if self.at_most { '≤' } else { '≥' }
    }
}

/// What one scenario found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub scenario: String,
    pub machine: String,
    pub series: BTreeMap<String, Series>,
    pub ratios: Vec<Ratio>,
}

impl Report {
    pub fn new(scenario: &str, plan: &Plan) -> Self {
        Self { scenario: scenario.into(), machine: plan.machine.clone(), ..Self::default() }
    }

    /// Adds one round to a measurement.
    pub fn add(&mut self, name: &str, unit: &str, value: f64) {
        eprintln!("  {name}: {value:.1} {unit}");
        let series = self.series.entry(name.into()).or_default();
        series.unit = unit.into();
        series.rounds.push(value);
    }

    pub fn median(&self, name: &str) -> f64 {
        self.series.get(name).map_or(f64::NAN, Series::median)
    }

    /// Compares two measurements; at least `bar` is wanted.
    pub fn ratio(&mut self, name: &str, of: &str, to: &str, bar: f64) {
        let value = self.median(of) / self.median(to);
        self.ratios.push(Ratio { name: name.into(), value, bar, at_most: false });
    }

    /// Adds a figure of which at most `bar` is wanted.
    pub fn at_most(&mut self, name: &str, value: f64, bar: f64) {
        self.ratios.push(Ratio { name: name.into(), value, bar, at_most: true });
    }

    pub fn print(&self) {
        println!("\n{}", self.scenario);
        for (name, series) in &self.series {
            let (median, noise) = (series.median(), series.noise() * 100.0);
            println!("  {name:<44} {median:>12.1} {:<6} ± {noise:.0} %", series.unit);
        }
        for ratio in &self.ratios {
            let word = if ratio.reached() >= 1.0 { "met" } else { "MISSED" };
            let (name, value, sign, bar) = (&ratio.name, ratio.value, ratio.sign(), ratio.bar);
            println!("  {name:<56} {value:>7.3} {sign} {bar:<6} {word}");
        }
    }

    /// Fails unless at least so many measurements and so many ratios were found, and all of them can
    /// be true. A ratio is no number where a measurement that it needs is missing.
    pub fn check(&self, (series, ratios): (usize, usize)) -> Result<(), Failed> {
        if self.series.len() < series || self.ratios.len() < ratios {
            return Err(format!("{}: something was not measured", self.scenario).into());
        }
        let measured = self
            .series
            .iter()
            .flat_map(|(name, series)| series.rounds.iter().map(move |value| (name, *value)));
        let compared = self.ratios.iter().map(|ratio| (&ratio.name, ratio.value));
        for (name, value) in measured.chain(compared) {
            if !value.is_finite() || value <= 0.0 {
                return Err(format!("{}: {name} is {value}", self.scenario).into());
            }
        }
        Ok(())
    }

    pub fn save(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(folder.join(format!("{}.json", self.scenario)), json + "\n")
    }
}

/// All reports that were saved there, by name.
pub fn load(folder: &Path) -> Result<Vec<Report>, Failed> {
    let mut reports = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            reports.push(serde_json::from_str::<Report>(&std::fs::read_to_string(file)?)?);
        }
    }
    reports.sort_by(|a, b| a.scenario.cmp(&b.scenario));
    Ok(reports)
}
