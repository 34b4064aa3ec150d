//! Medians, ratios, and how far the rounds were apart.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::Plan;

/// The rounds of one measurement.
#[derive(Clone, Debug, Default, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    pub name: String,
    pub value: f64,
    /// At least this, or at most if `at_most`.
    pub bar: f64,
    pub at_most: bool,
}

/// What one scenario found.
#[derive(Clone, Debug, Default, Serialize)]
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
        println!("\n{} ({})", self.scenario, self.machine);
        for (name, series) in &self.series {
            let (median, noise) = (series.median(), series.noise() * 100.0);
            println!("  {name:<44} {median:>12.1} {:<6} ± {noise:.0} %", series.unit);
        }
        for ratio in &self.ratios {
            let met =
                if ratio.at_most { ratio.value <= ratio.bar } else { ratio.value >= ratio.bar };
            let (word, sign) =
                (if met { "met" } else { "MISSED" }, if ratio.at_most { "≤" } else { "≥" });
            println!("  {:<56} {:>7.3} {sign} {:<6} {word}", ratio.name, ratio.value, ratio.bar);
        }
    }

    pub fn save(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(folder.join(format!("{}.json", self.scenario)), json + "\n")
    }
}
