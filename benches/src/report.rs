//! Medians, and how far the rounds were apart.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::bars::{self, Bar};
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

/// What one scenario found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub scenario: String,
    pub machine: String,
    pub series: BTreeMap<String, Series>,
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

    pub fn print(&self) {
        println!("\n{}", self.scenario);
        for (name, series) in &self.series {
            let (median, noise) = (series.median(), series.noise() * 100.0);
            println!("  {name:<60} {median:>12.1} {:<6} ± {noise:.0} %", series.unit);
        }
        let said = |(word, bar): (&str, Option<Bar>), ratio| {
            bar.map_or(String::new(), |bar| format!("{word} {bar} {}", bar.verdict(ratio)))
        };
        for result in bars::rows().iter().filter_map(|row| row.result(self)) {
            let (row, ratio) = (result.row, result.ratio);
            let (must, aim) = (said(("must", row.must), ratio), said(("aim", row.aim), ratio));
            println!("  {:<68} {ratio:>8.3}  {must:<18} {aim}", row.name);
        }
    }

    /// Fails unless all was measured that is compared, and all of it can be true.
    pub fn check(&self) -> Result<(), Failed> {
        for row in bars::rows().iter().filter(|row| row.scenario == self.scenario) {
            if !row.result(self).is_some_and(|result| result.ratio > 0.0) {
                return Err(format!("{}: {} was not found", self.scenario, row.name).into());
            }
        }
        for (name, series) in &self.series {
            if series.rounds.iter().any(|value| !value.is_finite() || *value <= 0.0) {
                return Err(format!("{}: {name} is {:?}", self.scenario, series.rounds).into());
            }
        }
        if self.series.is_empty() { Err("nothing was measured".into()) } else { Ok(()) }
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
